//! Who is a provider's own in a managed cluster: its control plane, which nobody who uses the cluster can be or change.
//!
//! Entry point: [`is_own`].

use api::user::ANONYMOUS;
use privilege::escalation::Principal;

use crate::settings::Profile;

/// How names of users start that providers keep for themselves.  On other clusters anybody could be called so.
const USERS: [(Profile, &str); 3] =
    [(Profile::Eks, "eks:"), (Profile::Gke, "system:"), (Profile::Aks, "aks-")];

/// Users that start so and are everybody's.
const NOT_OWN: [&str; 3] = [ANONYMOUS, "system:serviceaccount:", "system:node:"];

/// True for a user of the provider's own.
pub(crate) fn is_own(profile: Profile, whom: &Principal) -> bool {
    let Principal::User(name) = whom else { return false };
    USERS.iter().any(|(of, start)| *of == profile && name.starts_with(start))
        && !NOT_OWN.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_providers() {
        let own = |profile, name: &str| is_own(profile, &Principal::User(name.to_owned()));
        assert!(own(Profile::Eks, "eks:addon-manager") && !own(Profile::SelfManaged, "eks:addon-manager"));
        assert!(own(Profile::Gke, "system:storageversionmigrator") && !own(Profile::Eks, "system:x"));
        assert!(own(Profile::Aks, "aks-support") && !own(Profile::Aks, "clusterAdmin"));
        for everybody in ["system:anonymous", "system:serviceaccount:a:b", "system:node:n"] {
            assert!(!own(Profile::Gke, everybody), "{everybody}");
        }
        assert!(!is_own(Profile::Eks, &Principal::Group("eks:group".to_owned())));
    }
}
