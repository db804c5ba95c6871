"""A durable server of the Google Pub/Sub API for one machine; see README.md."""
