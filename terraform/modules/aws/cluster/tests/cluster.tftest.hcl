# A private cluster whose two kinds of nodes leave by two ways.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-3a", "eu-west-3b", "eu-west-3c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  name               = "pay-live"
  kubernetes_version = "1.34"
  subnets            = { functions = ["subnet-1", "subnet-2"], operators = ["subnet-3", "subnet-4"] }
  keys               = { cluster = "arn:aws:kms:eu-west-3:123456789012:key/c", logs = "arn:aws:kms:eu-west-3:123456789012:key/l" }
  operator_networks  = { office = "192.0.2.0/24" }
  node_pools = {
    functions = { machine_type = "m7i.xlarge", min = 3, max = 12 }
    operators = { machine_type = "m7i.large", min = 2, max = 4, calls_operators = true }
  }
}

run "what_calls_operators_is_apart" {
  command = plan
  assert {
    condition     = toset(aws_eks_node_group.pools["operators"].subnet_ids) == toset(["subnet-3", "subnet-4"]) && length(aws_eks_node_group.pools["operators"].taint) == 1
    error_message = "Nodes that call operators lie in subnets of their own, and nothing else runs there."
  }
  assert {
    condition     = alltrue([for pool in aws_eks_node_group.pools : pool.capacity_type == "ON_DEMAND"]) && alltrue([for template in aws_launch_template.nodes : template.metadata_options[0].http_put_response_hop_limit == 1])
    error_message = "No spot nodes; pods have no way to the node's rights."
  }
  assert {
    condition     = toset(aws_eks_cluster.this.vpc_config[0].public_access_cidrs) == toset(["192.0.2.0/24"])
    error_message = "The API answers those who operate it."
  }
}

run "without_networks_it_answers_inside_alone" {
  command = plan
  variables {
    operator_networks = {}
  }
  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "No way in from outside."
  }
}

run "refuses_nodes_of_one_kind" {
  command = plan
  variables {
    node_pools = { functions = { machine_type = "m7i.xlarge", min = 3, max = 12 } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_patch_version" {
  command = plan
  variables {
    kubernetes_version = "1.34.2"
  }
  expect_failures = [var.kubernetes_version]
}
