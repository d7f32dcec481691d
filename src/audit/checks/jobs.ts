import { type Check, Findings } from '../check';

export const jobsCheck: Check = {
  name: 'jobs',
  claim: "every finished job's directory is named by what the job was, and its record is as the engine wrote it",
  run: async ({ jobs }) => {
    const findings = new Findings('jobs');
    findings.checked = jobs.count;
    for (const { place, message } of jobs.problems) {
      findings.found(place, message);
    }
    return findings.result();
  },
};
