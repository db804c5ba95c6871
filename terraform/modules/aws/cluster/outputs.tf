output "name" {
  description = "The cluster's name."
  value       = aws_eks_cluster.this.name
}

output "endpoint" {
  description = "Address of its API."
  value       = aws_eks_cluster.this.endpoint
}

output "ca_certificate" {
  description = "Who signed its certificate, PEM."
  value       = base64decode(aws_eks_cluster.this.certificate_authority[0].data)
}

output "issuer" {
  description = "Who signs the tokens of its service accounts."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "security_group" {
  description = "Security group of nodes and pods."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "carrier_role" {
  description = "Role of External Secrets."
  value       = aws_iam_role.carrier.name
}
