//! JSON, YAML and Kubernetes protobuf: bytes to objects and back, driven by the catalogue.
