# A subscription whose filter or topic changes is deleted and made anew by the cloud, and what waited in it is lost
# without a word. Here that is refused: what depends on a subscription goes before it, and in production it stays.

resource "terraform_data" "backlog" {
  for_each = var.is_production ? var.subscriptions : {}

  triggers_replace = [each.value.filter, each.value.topic]
  input = {
    id       = each.value.id
    sentence = "The subscription ${each.key} would be deleted with the messages that wait in it, because its filter, its topic or its entry in the catalogue changed. Make the new one beside it, wait until the old one is empty, then follow 'Changing a subscription' in terraform/README.md."
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-c"]
    command     = "printf '%s\\n' \"$SENTENCE\" >&2; exit 1"
    environment = { SENTENCE = self.input.sentence }
  }
}
