#include "restorer/restore_item.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/bytes_path.h"
#include "dumper/damage.h"
#include "dumper/dumper.h"
#include "dumper/tree.h"
#include "restorer/postgres_restore.h"
#include "restorer/rebuild.h"

namespace repo {
namespace {

Status restore(const RestoreJob& job, RestoreResult& result) {
  const GenerationSummary& record = *job.generation.record;
  const Result<OpenGeneration> generation = open_generation(job.root, job.item, job.generation);
  if (!generation) return generation.error();
  Place::Options options;
  options.with_files = job.with_files;
  if (record.store.starts_with(record.path + "/")) {
    options.store = record.store.substr(record.path.size() + 1);
  }
  Result<Place> place = Place::prepare(job.base, job.rest, options);
  if (!place) {
    Error error = place.error();
    error.path = join_path(job.base_path, error.path);
    return error;
  }
  RebuildOptions how;
  how.map = job.owners;
  how.patience = job.patience;
  const bool is_postgres = record.kind == "postgres";
  UniqueFd copy;  // of a kind whose copy is not what is put in place
  if (is_postgres) {
    how.owners = !is_postgres_dump(record);
    if (mkdirat(place->data(), kPostgresCopy, 0700) != 0) {
      return system_error("create", result.target, errno);
    }
    copy = open_directory(place->data(), kPostgresCopy);
    if (!copy) return system_error("open", result.target, errno);
  }
  const int target = is_postgres ? copy.get() : place->data();
  Result<Rebuilt> rebuilt = rebuild(generation->folder.get(), record, target, how);
  if (!rebuilt) {
    Error error = rebuilt.error();
    if (is_removed(generation->folder.get())) {
      return plain_error("restore", result.target,
                         "a dump has just removed this copy, which was too old: try again");
    }
    if (is_damage(error)) {
      error.path = join_path(job.root.path, generation->place) + "/" + error.path;
    } else if (!error.op.empty()) {
      error.path = error.path.empty() ? result.target : join_path(result.target, error.path);
    }
    return error;
  }
  if (is_postgres) {
    Result<RestoredPostgres> made = restore_postgres(
        {record, place->data(), result.target, job.owners, job.sandbox, job.uid, job.patience});
    if (!made) return made.error();
    place->put_only(made->place);
    result.notes = std::move(made->notes);
  }
  if (Status put = place->put(); !put) {
    Error error = put.error();
    error.path = result.target;
    return error;
  }
  if (!place->made().empty()) result.made = join_path(job.base_path, place->made());
  const auto doubt = job.item.proof.unusable.find(job.generation.stamp);
  if (doubt != job.item.proof.unusable.end()) result.doubt = doubt->second;
  if (!is_kind(record.kind, {})) {
    result.notes.emplace_back(
        "these are the files of its kind's dump, and no more: RESTORE.md of the copy says how they "
        "are "
        "loaded");
  }
  result.bytes = rebuilt->bytes;
  result.missing = record.missing;
  result.not_set = std::move(rebuilt->not_set);
  return {};
}

}  // namespace

RestoreResult restore_item(const RestoreJob& job) {
  const auto start = std::chrono::steady_clock::now();
  RestoreResult result;
  result.id = job.item.id;
  result.kind = job.item.kind;
  result.path = job.item.path;
  result.generation = job.generation.stamp;
  result.target = join_path(job.base_path, job.rest);
  if (const Status done = restore(job, result); !done) result.error = done.error();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Result<const Generation*> generation_to_restore(const DumpRoot& root, const CopiedItem& item,
                                                const std::string& stamp) {
  if (!stamp.empty()) {
    const Generation* named = item.find(stamp);
    if (named && named->record) return named;
    if (named) return damage(join_path(root.path, named->place), named->unreadable);
    std::string message = "there is no copy of " + stamp + "; there are";
    for (const Generation& each : item.generations) message += " " + printable(each.stamp);
    return plain_error("restore", item.path, message);
  }
  const Generation* current = item.has_current() ? &item.generations.front() : nullptr;
  if (!current) {
    return damage(join_path(root.path, "current/" + item.kind + "/" + item.id), "it is missing");
  }
  if (!current->record) return damage(join_path(root.path, current->place), current->unreadable);
  const auto bad = item.proof.bad.find(current->stamp);
  if (bad != item.proof.bad.end()) {
    return damage(join_path(root.path, current->place),
                  "it is known to be damaged: " + bad->second);
  }
  return current;
}

}  // namespace repo
