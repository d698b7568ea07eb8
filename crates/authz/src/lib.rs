//! May you: RBAC, AlwaysAllow, AlwaysDeny, the union of them.
