# RDS for PostgreSQL, reached from the nodes alone and by TLS alone, restored to any second of the days that backups
# are kept. Its connections are shared out by our own PgBouncer.

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
  tags       = var.tags
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "PostgreSQL of ${var.name}: nodes alone"
  vpc_id      = var.vpc
  tags        = merge(var.tags, { Name = "${var.name}-database" })
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = var.client_security_group
  description                  = "PgBouncer, Keycloak, migrations"
  from_port                    = 5432
  to_port                      = 5432
  ip_protocol                  = "tcp"
  tags                         = var.tags
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres${var.major_version}"
  description = "TLS alone; no transaction is left open for a minute"
  tags        = var.tags

  dynamic "parameter" {
    for_each = var.parameters
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "pending-reboot"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "monitoring" {
  name = "${var.name}-database-monitoring"
  tags = var.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "monitoring.rds.amazonaws.com" } }]
  })
}

data "aws_partition" "this" {}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = tostring(var.major_version)
  instance_class = var.instance_class
  db_name        = "pay"
  username       = "pay_owner"
  # AWS makes the password and keeps it: it stands in no state.
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.keys.secrets

  allocated_storage     = var.disk_gigabytes
  max_allocated_storage = var.disk_gigabytes * 10
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = var.keys.database

  multi_az               = var.is_highly_available
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period   = var.backup_days
  backup_window             = "01:00-02:00"
  maintenance_window        = "sun:02:00-sun:04:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !var.is_production
  deletion_protection       = var.is_production
  skip_final_snapshot       = !var.is_production
  final_snapshot_identifier = var.is_production ? "${var.name}-last" : null

  auto_minor_version_upgrade      = true
  allow_major_version_upgrade     = false
  apply_immediately               = !var.is_production
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.keys.database
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  tags                            = var.tags
}
