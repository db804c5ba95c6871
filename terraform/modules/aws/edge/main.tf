# Where the world comes in: reserved addresses of the balancer and the names of the doors. With `l7_waf` also the rules
# that AWS's balancer applies; they only count on callbacks and push, whose callers nobody may turn away by mistake.

resource "aws_eip" "gateway" {
  count = var.edge == "l4" ? 3 : 0

  domain = "vpc"
  tags   = merge(var.tags, { Name = "${var.name}-gateway-${count.index}" })
}

resource "aws_route53_zone" "this" {
  name          = var.domain
  comment       = "Doors of ${var.name}"
  force_destroy = !var.is_production
  tags          = var.tags
}

# With l7_waf the balancer has a name instead of addresses; its controller writes the records.
resource "aws_route53_record" "doors" {
  for_each = var.edge == "l4" ? { for door, host in var.hosts : door => host if endswith(host, ".${var.domain}") } : {}

  zone_id = aws_route53_zone.this.zone_id
  name    = each.value
  type    = "A"
  ttl     = 300
  records = aws_eip.gateway[*].public_ip
}

resource "aws_wafv2_web_acl" "doors" {
  for_each = var.edge == "l7_waf" ? { people = false, machines = true } : {}

  name        = "${var.name}-${each.key}"
  description = each.value ? "callbacks and push: counts only" : "api, app, pay, auth"
  scope       = "REGIONAL"
  tags        = var.tags

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = { AWSManagedRulesCommonRuleSet = 10, AWSManagedRulesKnownBadInputsRuleSet = 20, AWSManagedRulesSQLiRuleSet = 30 }
    content {
      name     = rule.key
      priority = rule.value

      override_action {
        dynamic "count" {
          for_each = each.value ? [1] : []
          content {}
        }
        dynamic "none" {
          for_each = each.value ? [] : [1]
          content {}
        }
      }

      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = "AWS"
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${each.key}-${rule.key}"
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-${each.key}"
    sampled_requests_enabled   = false
  }
}
