"""Programs that use the service from outside, as anybody would; `README.md` has more."""
