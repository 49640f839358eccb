"""What the AWS adapters share: how a service is called, and the one description of resources."""
