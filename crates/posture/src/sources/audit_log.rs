//! What an audit log tells, gathered event by event.
