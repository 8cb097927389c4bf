#include "dumper/item_turn.h"

#include <exception>

#include "base/stop_signal.h"
#include "dumper/dumper.h"
#include "dumper/item_result.h"
#include "dumper/sandbox.h"

namespace repo {
namespace {

ItemResult failed(const RunItem& item, const Error& error) {
  ItemResult result = blank_result(item.plan);
  result.error = error;
  return result;
}

ItemResult turn(const RunItem& item, int worker, Allowance* room, const TurnContext& context) {
  if (item.is_listed_only()) return listed_item(item);
  if (item.reuse.unchanged) return unchanged_item(item.plan, *item.previous, item.previous_is_bad);
  if (stop_requested() != 0) {
    ItemResult result = failed(item, plain_error("", "", "stopped before its turn"));
    result.status = ItemStatus::kSkipped;
    return result;
  }
  if (item.plan.refused) return failed(item, *item.plan.refused);
  if (item.unreadable) return failed_item(item.plan, *item.unreadable);
  const ToolState& tool = context.tools.of_kind.at(item.plan.source.kind);
  if (tool.missing) return failed(item, *tool.missing);
  const ItemContext own{context.root,
                        *context.tools.runner,
                        context.host,
                        tool.version,
                        kFirstSandboxUid + static_cast<std::uint32_t>(worker),
                        context.options.keep,
                        context.options.timeout,
                        context.options.max_time,
                        item.previous,
                        item.unreadable_previous,
                        item.previous_is_bad,
                        item.reuse,
                        item.accepted,
                        context.progress,
                        room,
                        context.options.servers,
                        [&](const ItemResult& copied) { return context.log.add(copied); }};
  return dump_item(item.plan, item.survey, *item.plan.dumper, own);
}

}  // namespace

ItemResult take_turn(const RunItem& item, int worker, Allowance* room, const TurnContext& context) {
  ItemResult result;
  try {
    result = turn(item, worker, room, context);
  } catch (const std::exception& error) {  // out of a task it would end the run of all others
    result = failed(item, plain_error("copy", item.plan.source.path, error.what()));
  }
  if (!is_published(result)) {
    const Status told = context.log.add(result);
    if (!told && !result.error) result = failed(item, told.error());
  }
  return result;
}

}  // namespace repo
