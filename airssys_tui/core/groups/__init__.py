"""Groups of supervision: components that are restarted together, as supervisors of Erlang/OTP do it."""
