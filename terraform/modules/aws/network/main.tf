# Three zones, private nodes, and two ways out: operators allow-list the addresses of one, merchants' servers see the
# other. A merchant's webhook URL that points at an operator then never comes from an address that the operator trusts.

data "aws_availability_zones" "these" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = { for index, zone in slice(data.aws_availability_zones.these.names, 0, 3) : zone => index }
  # Each zone its own way out, or all by the first one.
  nat_zones = var.is_highly_available ? keys(local.zones) : slice(keys(local.zones), 0, 1)
  nat_of    = { for zone in keys(local.zones) : zone => contains(local.nat_zones, zone) ? zone : local.nat_zones[0] }
  tiers     = { public = 0, functions = 1, operators = 2, database = 3 }
  subnets = merge([
    for tier, place in local.tiers : {
      for zone, index in local.zones : "${tier} ${zone}" => { tier = tier, zone = zone, index = place * 4 + index }
    }
  ]...)
  operators = var.is_production ? aws_eip.operators_kept : aws_eip.operators
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })
}

# Nobody uses it: what is forgotten reaches nothing.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-unused" })
}

resource "aws_subnet" "these" {
  for_each = local.subnets

  vpc_id            = aws_vpc.this.id
  availability_zone = each.value.zone
  cidr_block        = cidrsubnet(var.cidr, 4, each.value.index)
  tags = merge(var.tags, { Name = "${var.name}-${each.value.tier}-${each.value.zone}" }, {
    public    = { "kubernetes.io/role/elb" = "1" }
    functions = { "kubernetes.io/role/internal-elb" = "1" }
    operators = {}
    database  = {}
  }[each.value.tier])
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = var.name })
}

# MTN writes these down: losing one stops all payments until they have written down another.
resource "aws_eip" "operators_kept" {
  for_each = var.is_production ? toset(local.nat_zones) : toset([])

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${var.name}-operators-${each.key}" })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_eip" "operators" {
  for_each = var.is_production ? toset([]) : toset(local.nat_zones)

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${var.name}-operators-${each.key}" })
}

resource "aws_eip" "merchants" {
  for_each = toset(local.nat_zones)

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${var.name}-merchants-${each.key}" })
}

resource "aws_nat_gateway" "operators" {
  for_each = toset(local.nat_zones)

  allocation_id = local.operators[each.key].id
  subnet_id     = aws_subnet.these["public ${each.key}"].id
  tags          = merge(var.tags, { Name = "${var.name}-operators-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "merchants" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.merchants[each.key].id
  subnet_id     = aws_subnet.these["public ${each.key}"].id
  tags          = merge(var.tags, { Name = "${var.name}-merchants-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "these" {
  for_each = local.subnets

  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-${each.value.tier}-${each.value.zone}" })
}

resource "aws_route_table_association" "these" {
  for_each = local.subnets

  subnet_id      = aws_subnet.these[each.key].id
  route_table_id = aws_route_table.these[each.key].id
}

resource "aws_route" "public" {
  for_each = { for name, subnet in local.subnets : name => subnet if subnet.tier == "public" }

  route_table_id         = aws_route_table.these[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

# The database's part has no way out at all.
resource "aws_route" "out" {
  for_each = { for name, subnet in local.subnets : name => subnet if contains(["functions", "operators"], subnet.tier) }

  route_table_id         = aws_route_table.these[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = each.value.tier == "operators" ? aws_nat_gateway.operators[local.nat_of[each.value.zone]].id : aws_nat_gateway.merchants[local.nat_of[each.value.zone]].id
}

# Documents are stored without leaving AWS.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for name, subnet in local.subnets : aws_route_table.these[name].id if contains(["functions", "operators"], subnet.tier)]
  tags              = merge(var.tags, { Name = "${var.name}-s3" })
}

resource "aws_flow_log" "this" {
  vpc_id               = aws_vpc.this.id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flows.arn
  iam_role_arn         = aws_iam_role.flows.arn
  tags                 = merge(var.tags, { Name = var.name })
}

resource "aws_cloudwatch_log_group" "flows" {
  name              = "/vpc/${var.name}/refused"
  retention_in_days = 365
  kms_key_id        = var.kms_key
  tags              = var.tags
}

resource "aws_iam_role" "flows" {
  name = "${var.name}-flows"
  tags = var.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "vpc-flow-logs.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "flows" {
  name = "write"
  role = aws_iam_role.flows.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
      Resource = "${aws_cloudwatch_log_group.flows.arn}:*"
    }]
  })
}
