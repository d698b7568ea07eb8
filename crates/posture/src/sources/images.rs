//! What is known of images: configuration, bills of materials, vulnerabilities.
