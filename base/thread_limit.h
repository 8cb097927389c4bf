// How many threads this process can have.
#pragma once

namespace repo {

// `wanted`, or 1 where that many threads cannot be started now (ulimit -u, TasksMax): tried by
// starting them. TBB waits for ever, or ends the program, where it cannot have its threads.
int startable_threads(int wanted);

}  // namespace repo
