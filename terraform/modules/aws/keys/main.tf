# A key per use. Whoever destroys one has thirty days to think again, and needs a second person (README, 'Rights').

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

resource "aws_kms_key" "keys" {
  for_each = toset(["database", "objects", "cluster", "logs", "secrets"])

  description             = "${var.name}: ${each.key}"
  enable_key_rotation     = true
  rotation_period_in_days = 90
  deletion_window_in_days = var.is_production ? 30 : 7
  tags                    = var.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "Account"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root" }
      }],
      each.key == "logs" ? [{
        Sid       = "Logs"
        Effect    = "Allow"
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
      }] : [],
    )
  })
}

resource "aws_kms_alias" "keys" {
  for_each = aws_kms_key.keys

  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value.key_id
}
