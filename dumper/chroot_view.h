// Working in a chroot.
//
// bubblewrap finds the directory behind a descriptor by the path that the kernel tells for it in
// bubblewrap's own mount namespace. In a chroot that path begins outside of the chroot, where
// bubblewrap cannot go.
#pragma once

#include "base/result.h"

namespace repo {

// Where this process is root and in a chroot, gives it a mount namespace whose root is that of the
// chroot; mounts made later outside still arrive in it. Nothing is changed where the root is the
// namespace's already, or for another user. To be called first in main: before threads, and before
// a descriptor is opened that a sandbox will see. Errors: EINVAL where the root of the chroot is
// no mount point.
Status make_root_the_namespace_root();

}  // namespace repo
