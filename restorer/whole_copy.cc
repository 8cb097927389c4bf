#include "restorer/whole_copy.h"

#include <cerrno>
#include <chrono>

#include "dumper/damage.h"
#include "restorer/read_back.h"

namespace repo {

WholeCopy find_whole(const DumpRoot& root, const CopiedItem& item, const Generation* damaged,
                     const Patience& patience) {
  Patience own = patience;
  own.deadline = std::chrono::steady_clock::time_point::max();
  WholeCopy whole;
  for (const Generation& generation : item.generations) {
    if (&generation == damaged || !generation.record) continue;
    if (item.proof.bad.contains(generation.stamp)) continue;
    const Result<OpenGeneration> opened = open_generation(root, item, generation);
    if (!opened) {
      whole.is_known = whole.is_known && opened.error().code == ENOENT;
      continue;
    }
    const Status good = check_generation(opened->folder.get(), *generation.record, own);
    if (good) return {&generation, true};
    whole.is_known = whole.is_known && is_damage(good.error());
  }
  return whole;
}

std::string told_of_whole(const WholeCopy& whole) {
  if (whole.generation) {
    return "; whole is the copy of " + whole.generation->stamp + " (--generation)";
  }
  return whole.is_known ? "; no other copy of it is whole"
                        : "; whether another copy of it is whole is not known";
}

}  // namespace repo
