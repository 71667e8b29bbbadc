output "overlay_values" {
  description = "The text of this environment's values.yaml (k8s/overlays)."
  value       = module.platform.overlay_values
}

output "controller_role_arns" {
  description = "Of the controllers that k8s/bootstrap installs."
  value       = module.platform.controller_role_arns
}

output "open_parameters" {
  description = "What modules declare and nobody has given yet."
  value       = module.platform.open_parameters
}

output "url" {
  description = "Where the platform is."
  value       = module.platform.url
}

output "repository_url" {
  description = "Of images."
  value       = module.platform.repository_url
}
