/** "not 5", "isn't 5", "I don't think it is 5", "if it is 5": what follows is no answer. */
export const isNegated = (before: string) =>
  denial.test(before) || foreignDenial.test(before) || inability.test(before) || supposition.test(before);

/** "I don't think that", "if": what follows is not said. */
export const isSupposed = (before: string) => supposition.test(before);

/** "Not enough information", "As an AI model, I ...", "I don't know, but ...": a number or an option in it is no answer. */
export const abstains = (text: string) => abstention.test(text);

const denial =
  /(?:\bnot|n't|\bnever|\bneither|\bnor|\bno longer|\bcannot be|\brather than|\binstead of|\bother than|\banything but|\beverything but|\ball (?:but|except))(?: (?!but\b)\w+)?[ "'($*]*$/i;
/** Of languages whose denial stands before what it denies. */
const foreignDenial =
  /(?:\b(?:nicht|kein(?:e|er|es)?)(?: (?:die|der|das))?|(?<!\p{L})pas|\b(?:no|non) (?:es|son|era|sea|puede ser|sono|può essere)|(?<![\p{L}])não (?:é|são|era|pode ser)|\bnon è|\bn'(?:est|était) (?:pas|point|plus)|\bne (?:sont|peut) pas(?: être)?|(?<!\p{L})не(?: является| равен| равно)?|(?<!\p{L})это не|(?:不|并不|並不)(?:是|为|為|等于|等於|选|選)|并非|並非)[ "'($*:：]*(?:(?:la|le|el|il|die|der|das|opci[oó]n|option) )?$/iu;
const inability =
  /\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|incapable of)\b(?! (?:see|find|think of) (?:any|an)other)(?![^.;]*\b(?:but|then|so|because)\b)[^.;,:=]{0,40}$/i;
const supposition =
  /\b(?:(?:do not|don't|does not|doesn't|did not|didn't|cannot|can't) (?:think|believe|agree)|doubt|false that|if|assume|assuming|suppose|supposing)\b(?![^.;]*\b(?:but|then)\b)[^.;,:=]{0,40}$/i;

/** "... ist falsch", "...ではない", "...不对": what stands behind the answer denies it. */
export const isDeniedBehind = (after: string) => denialBehind.test(after);

const denialBehind =
  /^[^\d.;,!?\n。]{0,20}?(?: (?:ist|sind|war) (?:nicht|falsch|kein)|(?: (?:es|é|est|è|не)) (?:incorrect|incorret|falso|falsa|faux|fausse|sbagliat|errad|erróne|equivocad|верн|прав)|(?:では|じゃ)(?:ない|ありません)|は(?:間違い|誤り|違い)|(?:이|가)? ?(?:아닙니다|아니다|아니에요|틀렸|틀립니다)|(?:是|为|為)?(?:错|錯|不对|不對|不正确|不正確))/iu;

const abstention =
  /\b(?:not enough|insufficient|no sufficient|too little) (?:information|data|context|details)\b|\b(?:cannot|can't|can not|could not|couldn't) be (?:determined|known|answered|computed|calculated|said|inferred)\b|\b(?:impossible|not possible) to (?:say|tell|know|determine|answer|compute|calculate)\b|\b(?:i|we) (?:do not|don't|cannot|can't|can not) (?:know|tell|say|determine|answer)(?:[,.;]| (?:the|this|what|which|how|if|whether|for (?:sure|certain))\b)|\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b(?=.*\b(?:cannot|can't|can not|unable|not able|do not|don't)\b)|\bno idea\b/i;
