# CloudFront, before an origin that has no public address. The API's answers are not kept; pages' scripts and styles are,
# whose names change with what is in them.

locals {
  # Managed policies of CloudFront have the same ids in every account.
  caching_disabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  caching_optimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  # With Host, which the load balancer's certificate must match.
  all_viewer = "216adef6-5c7f-47e4-b989-5492eafa07d3"
  origin     = "load-balancer"
}

resource "aws_cloudfront_vpc_origin" "this" {
  vpc_origin_endpoint_config {
    name                   = var.name
    arn                    = aws_lb.this.arn
    http_port              = 80
    https_port             = 443
    origin_protocol_policy = "https-only"

    origin_ssl_protocols {
      items    = ["TLSv1.2"]
      quantity = 1
    }
  }

  # It asks whether there is a way to it.
  depends_on = [aws_lb_listener.https]
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:it logs by the newer way, a delivery (logs.tf), which checkov does not know
  #checkov:skip=CKV_AWS_305:the application answers /
  #checkov:skip=CKV_AWS_310:the one origin is a load balancer over three zones; there is no second one to fail over to
  #checkov:skip=CKV_AWS_374:customers may be anywhere
  #checkov:skip=CKV2_AWS_32:the application sets the headers that browsers heed, and knows which of its answers need which
  #checkov:skip=CKV2_AWS_47:the group is among edge_groups, whose rules checkov does not unfold; terraform test holds it
  comment         = var.name
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class
  aliases         = [var.hostname]
  web_acl_id      = aws_wafv2_web_acl.edge.arn

  origin {
    origin_id   = local.origin
    domain_name = aws_lb.this.dns_name

    vpc_origin_config {
      vpc_origin_id = aws_cloudfront_vpc_origin.this.id
      # Streams write a comment every 10 s; `Prefer: wait` holds an answer for 25 s at the most.
      origin_read_timeout      = 60
      origin_keepalive_timeout = 55
    }
  }

  default_cache_behavior {
    target_origin_id         = local.origin
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_viewer
  }

  ordered_cache_behavior {
    path_pattern             = "/assets/*"
    target_origin_id         = local.origin
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD"]
    cached_methods           = ["GET", "HEAD"]
    compress                 = true
    cache_policy_id          = local.caching_optimized
    origin_request_policy_id = local.all_viewer
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.cdn.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
