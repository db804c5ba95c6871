"""Other people's tests, run beside the project against our parts; none of their code is here."""
