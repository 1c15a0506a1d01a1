/** The body of the threads that evaluate designs. */
import { runEvaluation } from '../src/compare/evaluation-task.ts';
import type { EvaluationTask } from '../src/compare/evaluation-task.ts';
import { serveTasks } from '../src/host/task-worker.ts';

serveTasks((task, host) =>
  runEvaluation(task as EvaluationTask, (codec) => host.makeInflater(codec)),
);
