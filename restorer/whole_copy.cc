#include "restorer/whole_copy.h"

#include "restorer/read_back.h"

namespace repo {

const Generation* find_whole(const DumpRoot& root, const CopiedItem& item,
                             const Generation* damaged, const Patience& patience) {
  for (const Generation& generation : item.generations) {
    if (&generation == damaged || !generation.record) continue;
    if (item.proof.why_bad(generation.stamp)) continue;
    const Result<OpenGeneration> opened = open_generation(root, item, generation);
    if (opened && check_generation(opened->folder.get(), *generation.record, patience)) {
      return &generation;
    }
  }
  return nullptr;
}

std::string told_of_whole(const Generation* whole) {
  return whole ? "; whole is the copy of " + whole->stamp + " (--generation)"
               : "; no other copy of it is whole";
}

}  // namespace repo
