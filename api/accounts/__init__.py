"""Staff and trustees: two-factor sign-in, roles, every change of them."""
