output "open" {
  description = "What the modules declare and nobody has given yet; the application runs without what has a default."
  value       = sort(setsubtract(var.parameters, concat(keys(local.known), keys(var.given_versions))))
}
