//! What somebody vouches for, with an owner and an end; evidence from other tools.
