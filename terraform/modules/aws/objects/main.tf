# Buckets of S3. What is in `documents` is locked (COMPLIANCE): nobody, root included, deletes or changes it before its
# time. The functions' requests name the time; the bucket's own rule is for what comes without one.

data "aws_caller_identity" "this" {}

resource "aws_s3_bucket" "buckets" {
  for_each = var.buckets

  bucket              = "${var.name}-${each.key}-${data.aws_caller_identity.this.account_id}"
  object_lock_enabled = each.value.is_locked
  force_destroy       = var.force_destroy
  tags                = var.tags
}

resource "aws_s3_bucket_versioning" "buckets" {
  for_each = { for name, bucket in var.buckets : name => bucket if bucket.is_locked }

  bucket = aws_s3_bucket.buckets[each.key].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "buckets" {
  for_each = { for name, bucket in var.buckets : name => bucket if bucket.is_locked }

  bucket = aws_s3_bucket.buckets[each.key].id
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.buckets]
}

resource "aws_s3_bucket_public_access_block" "buckets" {
  for_each = var.buckets

  bucket                  = aws_s3_bucket.buckets[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "buckets" {
  for_each = var.buckets

  bucket = aws_s3_bucket.buckets[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "buckets" {
  for_each = var.buckets

  bucket = aws_s3_bucket.buckets[each.key].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "buckets" {
  for_each = var.buckets

  bucket = aws_s3_bucket.buckets[each.key].id

  rule {
    id     = "half-written"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  dynamic "rule" {
    for_each = each.value.expires_after_days == null ? [] : [each.value.expires_after_days]
    content {
      id     = "old"
      status = "Enabled"
      filter {}
      expiration {
        days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_policy" "buckets" {
  for_each = var.buckets

  bucket = aws_s3_bucket.buckets[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "PlainText"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.buckets[each.key].arn, "${aws_s3_bucket.buckets[each.key].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      each.value.is_locked ? [{
        Sid       = "Unlock"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:BypassGovernanceRetention", "s3:PutBucketVersioning"]
        Resource  = [aws_s3_bucket.buckets[each.key].arn, "${aws_s3_bucket.buckets[each.key].arn}/*"]
        Condition = { StringNotEquals = { "aws:PrincipalArn" = var.administrators } }
      }] : [],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.buckets, aws_s3_bucket_versioning.buckets]
}

# The functions read keys of the store from files, one pair per right; a person makes the keys and writes them there.
locals {
  actions = {
    list   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketVersioning"]
    read   = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention"]
    write  = ["s3:PutObject"]
    delete = ["s3:DeleteObject"]
    lock   = ["s3:PutObjectRetention"]
  }
}

resource "aws_iam_user" "credentials" {
  for_each = var.credentials

  name = "${var.name}-${replace(each.key, "_", "-")}"
  path = "/${var.name}/"
  tags = var.tags
}

resource "aws_iam_user_policy" "credentials" {
  for_each = var.credentials

  name = each.value.bucket
  user = aws_iam_user.credentials[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = flatten([for right in each.value.rights : local.actions[right]])
        Resource = [aws_s3_bucket.buckets[each.value.bucket].arn, "${aws_s3_bucket.buckets[each.value.bucket].arn}/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.kms_key
      },
    ]
  })
}
