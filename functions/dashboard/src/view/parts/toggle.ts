/** A list with one of its words put in or taken out. */
export function toggled<Word>(words: readonly Word[], word: Word, isOn: boolean): readonly Word[] {
  const others = words.filter((each) => each !== word);
  return isOn ? [...others, word] : others;
}
