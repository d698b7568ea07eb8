//! Discovery and OpenAPI documents with descriptions.
