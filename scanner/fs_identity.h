// Tells file systems that are copies of one another, block by block: both have the identity that
// mkfs wrote. The mount table does not show it.
#pragma once

#include <vector>

#include "scanner/mounts.h"

namespace repo {

// Fills Mount::content_id for ext2, ext3, ext4 and xfs, where it could matter: one is mounted
// read-only and another, of the same type and on another device, is not. Only these mount points
// are opened: file systems on a local disk, whose top the kernel has in memory.
void identify_contents(std::vector<Mount>& mounts);

}  // namespace repo
