//! The Store contract, the embedded durable log, the watch cache.
