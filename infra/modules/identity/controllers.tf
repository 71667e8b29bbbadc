# The controllers that k8s/bootstrap installs. What is only described cannot be named in a policy; what is changed is.

locals {
  here = { StringEquals = { "aws:RequestedRegion" = var.region } }

  controllers = {
    aws-load-balancer-controller = {
      description = "Keeps nodes in the target groups. It makes no load balancer and touches no security group."
      namespace   = "kube-system"
      statements = [
        {
          Sid      = "Targets"
          Effect   = "Allow"
          Action   = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"]
          Resource = values(var.target_group_arns)
        },
        {
          Sid    = "Look"
          Effect = "Allow"
          Action = [
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
          ]
          Resource  = "*"
          Condition = local.here
        },
      ]
    }
    cluster-autoscaler = {
      description = "Adds and removes nodes of this cluster's groups."
      namespace   = "kube-system"
      statements = [
        {
          Sid    = "OwnGroups"
          Effect = "Allow"
          Action = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
          # EKS names and marks the groups of its nodes.
          Resource  = ["arn:aws:autoscaling:${var.region}:${var.account_id}:autoScalingGroup:*:autoScalingGroupName/eks-*"]
          Condition = { StringEquals = { "aws:ResourceTag/k8s.io/cluster-autoscaler/${var.cluster_name}" = "owned" } }
        },
        {
          Sid      = "OwnNodeGroups"
          Effect   = "Allow"
          Action   = ["eks:DescribeNodegroup"]
          Resource = ["arn:aws:eks:${var.region}:${var.account_id}:nodegroup/${var.cluster_name}/*"]
        },
        {
          Sid    = "Look"
          Effect = "Allow"
          Action = [
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations",
            "autoscaling:DescribeScalingActivities",
            "autoscaling:DescribeTags",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
          ]
          Resource  = "*"
          Condition = local.here
        },
      ]
    }
    argo-rollouts = {
      description = "Reads the rate of success after a switch."
      namespace   = "argo-rollouts"
      statements = [{
        Sid       = "Metrics"
        Effect    = "Allow"
        Action    = ["cloudwatch:GetMetricData"]
        Resource  = "*"
        Condition = local.here
      }]
    }
  }
}
