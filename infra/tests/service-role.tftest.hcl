# The role of a ServiceAccount.

mock_provider "aws" {
  source          = "./tests/aws"
  override_during = plan
}

variables {
  name            = "genai-demo-test-order"
  description     = "Pods of order."
  issuer_arn      = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  issuer_url      = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  namespace       = "genai-demo"
  service_account = "order"
  statements      = [{ Effect = "Allow", Action = ["xray:PutTraceSegments"], Resource = "*" }]
}

run "service_role" {
  command = plan

  module {
    source = "./modules/service-role"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF:sub"] == "system:serviceaccount:genai-demo:order"
    error_message = "Identity: a role trusts one ServiceAccount (sub)"
  }

  assert {
    condition     = try(jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals["oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF:aud"], "") == "sts.amazonaws.com"
    error_message = "Identity: a role trusts tokens that were made for AWS (aud)"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Federated == var.issuer_arn && jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Action == "sts:AssumeRoleWithWebIdentity"
    error_message = "Identity: a role trusts the cluster's issuer and nobody else"
  }
}
