# Makes `terraform destroy` of a production stack stop before anything is gone, with a sentence that says what stays
# and until when. Whatever it protects must be named in `depends_on` where the module is called: what depends is
# destroyed first, and here that fails. A cloud's own protection (deletion_protection and the like) stands behind it.

resource "terraform_data" "guard" {
  count = var.is_production ? 1 : 0

  input = {
    sentence = "This is production (${var.name}), and nothing was destroyed. It holds ${join("; ", var.stays)}. To give it up all the same, first take the guard out of the state, as terraform/README.md says under 'Destroying'."
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/bin/sh", "-c"]
    command     = "printf '%s\\n' \"$SENTENCE\" >&2; exit 1"
    environment = { SENTENCE = self.input.sentence }
  }
}
