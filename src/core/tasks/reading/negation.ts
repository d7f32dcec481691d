/** "not 5", "isn't 5", "I don't think it is 5", "if it is 5": what follows is no answer. */
export const isNegated = (before: string) => denial.test(before) || supposition.test(before);

const denial =
  /(?:\bnot|n't|\bnever|\bneither|\bnor|\bno longer|\bcannot be|\brather than|\binstead of|\bother than|\banything but|\beverything but|\ball (?:but|except))(?: (?!but\b)\w+)?[ "'($*]*$/i;
const supposition =
  /\b(?:(?:do not|don't|does not|doesn't|did not|didn't|cannot|can't) (?:think|believe|agree)|doubt|false that|if|assume|assuming|suppose|supposing)\b(?![^.;]*\b(?:but|then)\b)[^.;,:=]{0,40}$/i;

/** "I don't think that", "if": what follows is not said. */
export const isSupposed = (before: string) => supposition.test(before);
