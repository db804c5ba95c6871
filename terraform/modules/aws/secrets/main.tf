# A place for each secret of the catalogue. Terraform never sees a value: a person writes each by
# `aws secretsmanager put-secret-value`, and External Secrets carries it to the functions that may read it.

resource "aws_secretsmanager_secret" "secrets" {
  for_each = toset(var.secrets)

  name                    = "${var.name}/${each.key}"
  kms_key_id              = var.kms_key
  recovery_window_in_days = var.is_production ? 30 : 0
  tags                    = var.tags
}

resource "aws_iam_role_policy" "carrier" {
  name = "${var.name}-secrets"
  role = var.carrier_role
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [for secret in aws_secretsmanager_secret.secrets : secret.arn]
      },
      { Effect = "Allow", Action = "kms:Decrypt", Resource = var.kms_key },
    ]
  })
}
