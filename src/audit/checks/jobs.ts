import type { AuditCheck } from '../check';
import { Findings } from '../findings';

export const jobsCheck: AuditCheck = {
  name: 'jobs',
  claim: "every finished job's directory is named by what the job was, and its record is as the engine wrote it",
  run: async ({ jobs }) => {
    const findings = new Findings('jobs');
    findings.checked = jobs.count;
    for (const { location, message } of jobs.problems) {
      findings.found(location, message);
    }
    return findings.result();
  },
};
