const LINE_CHARACTERS_MAX = 20_000;
const LINES_MAX = 100;

/** The lines of a text that may hold its answer: without fences, sign-offs and the explanation behind the answer. */
export function linesBeforeExplanation(view: string): string[] {
  const lines = answerLines(view);
  const explained = lines.findIndex((line, index) => index > 0 && explanation.test(line));
  return explained > 0 ? lines.slice(0, explained) : lines;
}

export function answerLines(view: string): string[] {
  const all = view.split('\n').filter((line) => line.trim() !== '' && !/^```/.test(line));
  const lines = all.length > LINES_MAX ? [...all.slice(0, 1), ...all.slice(-LINES_MAX)] : all;
  while (lines.length > 1 && signOff.test(lines.at(-1) ?? '')) {
    lines.pop();
  }
  return lines.map((line) => line.slice(-LINE_CHARACTERS_MAX).trim());
}

const signOff =
  /^\W*(?:i hope|hope (?:this|that|it)|let me know|feel free|please (?:let|feel|ask)|if you (?:have|need|want|would)|(?:best|kind|warm) regards|regards|sincerely|cheers|thanks?\b|thank you|good luck|have a (?:great|nice|good)|happy (?:to help|learning)|glad to|is there anything|would you like|do you (?:want|have|need)|as (?:asked|requested)|confidence\b|q\.?e\.?d\b)|^\W+$/i;
export const explanation = /^\W*(?:explanation|reasoning|rationale|justification|reason|why|note|because)\b/i;
