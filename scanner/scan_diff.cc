#include "scanner/scan_diff.h"

#include "scanner/diff.h"
#include "scanner/diff_print.h"

namespace repo {

Result<ToldDifference> difference_to(const Manifest& older, const std::string& manifest,
                                     const std::string& tool, bool json) {
  // Read as the next scan will read it: there is one way from a scan to what is compared.
  const Result<Manifest> now = read_manifest(manifest);
  if (!now) return now.error();
  const std::vector<DifferenceItem> items = compare(older, *now);
  return ToldDifference{json ? difference_json(tool, older, *now, items) : difference_text(items),
                        difference_summary(older, *now, items)};
}

}  // namespace repo
