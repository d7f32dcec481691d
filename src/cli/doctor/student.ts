import { estimateStudent, estimateText } from '../student-estimate';
import type { DoctorCheck } from './check';

/** Whether the student of the file fits on this machine, and what an iteration takes. */
export const studentCheck: DoctorCheck = {
  name: 'student',
  inspect: async ({ configs: [config], python }) => {
    if (config === undefined) {
      return { detail: 'name a file to have its memory and time estimated' };
    }
    if (python === null || python instanceof Error) {
      return { detail: 'estimated once there is a Python environment' };
    }
    const estimate = await estimateStudent(python.python, config);
    if (estimate === null || typeof estimate === 'string') {
      return { detail: estimate ?? 'tiny: 0.1 M parameters, which fit everywhere' };
    }
    const { predictBytes, finetuneBytes, memoryBytes } = estimate;
    const detail = estimateText(estimate);
    const fix =
      'use student.finetune.method: lora, a smaller batch_size or micro_batch_tokens, student.quantization: 4bit, or a smaller student';
    return memoryBytes !== null && Math.max(predictBytes, finetuneBytes) > memoryBytes ? { detail, fix } : { detail };
  },
};
