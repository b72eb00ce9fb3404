/** English. Reading age 11 or so; none of the words that only programmers know. */

import type { EnglishForms } from "./words.ts";

const forms = (one: string, other: string): EnglishForms => ({ one, other });

export const en = {
  service: "Union ballot",
  skip: "Skip to main content",
  language: "Choose language",
  english: "English",
  welsh: "Cymraeg",
  back: "Back",
  continue: "Continue",
  leave: "Leave this page",
  error: "Error:",
  problem: "There is a problem",
  moment: "{time} on {day}",
  pageTitle: "{title} – {service}",
  errorTitle: "Error: {title}",
  accessibility: "Accessibility",
  loading: "Getting the ballot ready",

  codeTitle: "Enter your voting code",
  codeHint:
    "It has 28 letters and numbers, and came in your message or letter. You can paste it. Capital letters, spaces and dashes do not matter.",
  codeLabel: "Voting code",
  codeEmpty: "Enter your voting code",
  codeMistyped: "The voting code is mistyped. Compare it with your message, letter by letter.",
  codeLength: forms(
    "Your voting code has 28 letters and numbers. You entered {count}.",
    "Your voting code has 28 letters and numbers. You entered {count}.",
  ),
  codeCharacter: "A voting code has only letters and numbers, and never the letter U.",
  codeRefused:
    "This code does not open a voting form. It may have been used, replaced by a newer code, or belong to another ballot. No vote was stored just now. If you think this is wrong, get help.",
  chooseTitle: "Which ballot is your code for?",
  chooseEmpty: "Choose a ballot",
  noBallots: "There is no ballot here at the moment",
  noBallotsText: "Check the web address in your message or letter. No vote was stored.",

  aboutTitle: "About this ballot",
  aboutLabel: "Ballot",
  aboutUnion: "Union",
  aboutScrutineer: "Independent scrutineer",
  aboutCloses: "Voting closes",
  aboutOnce: "You can vote once. Nobody can see how you voted, and your vote is added to the total without being opened.",
  aboutSteps: forms(
    "There is one question. You can check your answer before you vote.",
    "There are {count} questions. You can check your answers before you vote.",
  ),
  aboutHelp: "If you need help, use the contact in the message or letter that brought you your code.",
  aboutStart: "Start voting",

  questionNumber: "Question {number} of {count}",
  questionChooseOne: "Choose one answer.",
  questionChooseSeveral: forms("Choose one answer.", "Choose up to {count} answers."),
  questionPoints: forms("You have one vote to give.", "You have {count} votes to give. Enter how many you give to each."),
  optionPoints: forms("Up to one vote", "Up to {count} votes"),
  spoilHint:
    "Choose this if you reject all the answers above. Your voting form is counted and reported as spoilt, and counts for none of them.",
  questionEmpty: "Choose an answer, or continue without answering",
  questionTooMany: forms("Choose only one answer", "Choose no more than {count} answers"),
  questionTooManyPoints: forms("Give no more than one vote in all", "Give no more than {count} votes in all"),
  questionPointsNumber: forms("Enter 0 or 1 for {option}", "Enter a number from 0 to {count} for {option}"),
  questionSpoilAlone: "To spoil this question, choose nothing else",
  questionSkip: "Continue without answering",

  answersTitle: "Check your answers",
  answersText: "Your vote has not been sent yet.",
  answersNone: "No answer",
  answersPoints: forms("{option}: 1 vote", "{option}: {count} votes"),
  answersChange: "Change",
  answersChangeOf: "your answer to: {question}",

  castTitle: "Send your vote",
  castWait: "Locking your vote. This takes a moment.",
  castNotYet: "Your vote is locked but has not been sent yet.",
  castCode: "Confirmation code of this vote",
  castCodeText:
    "It does not show how you vote. After the ballot you can look for it in the published results, to see that your vote is among those counted.",
  castNow: "Cast this vote",
  castNowText: "Sends this vote. You cannot change it afterwards.",
  castCheck: "Check this vote first",
  castCheckText:
    "Opens this locked vote on another device, to see that it was locked as you chose. The opened one is never counted. You then vote as before.",
  castSending: "Sending your vote. Keep this page open.",

  receivedTitle: "Your vote has been received",
  receivedText: "You have finished. You can close this page.",
  receivedOnce: "You will get no e-mail, message or letter about it.",

  lostTitle: "We do not know yet if your vote was received",
  lostText:
    "The connection was lost before we got an answer. Keep this page open and try again. Trying again never counts your vote twice.",
  lostRetry: "Try again",
  busyTitle: "Many people are voting at this moment",
  busyText: "Your vote was not stored. Keep this page open: it tries again by itself, and you can try again too.",
  refusedTitle: "Your vote was not stored",
  refusedCode: "The code was used or replaced while you were voting. No vote was stored from this page. If this was not you, get help now.",
  refusedInvalid: "The vote could not be read. Nothing was stored and your code still works. Go back and send it again.",
  closedTitle: "Voting is not open",
  closedText: "Voting is open from {opens} until {closes}. No vote was stored from this page.",
  brokenTitle: "This page does not work on this device",
  brokenText:
    "Your browser cannot lock votes safely, so it will not vote. No vote was stored. Use another or newer browser, or ask for another way to vote.",
  offlineTitle: "We could not reach the ballot",
  offlineText: "No vote was stored. Check your connection and try again.",
  tooManyTitle: "Too many codes were tried",
  tooManyText: "Wait a minute, then try again. No vote was stored.",

  timeoutTitle: "Are you still there?",
  timeoutText: forms(
    "Your answers will be erased from this page in {count} minute. Nothing has been sent.",
    "Your answers will be erased from this page in {count} minutes. Nothing has been sent.",
  ),
  timeoutStay: "Continue voting",
  timedOutTitle: "Your answers were erased",
  timedOutText: "You were away for a long time. No vote was stored and your code still works.",
  startAgain: "Start again",
  leftTitle: "You have left the ballot",
  leftText: "Your answers were erased from this page. No vote was stored and your code still works.",

  checkTitle: "Check this vote on another device",
  checkWait: "Opening this vote so that it can be checked.",
  checkText: "Scan this with another phone, tablet or computer. It works out again what was locked, and shows it.",
  checkCompare: "There, compare the confirmation code and the answers. The code must be this one:",
  checkLinkLabel: "Or open this address there",
  checkQr: "Picture to scan that opens the check page",
  checkNotSecret: "What you chose in this opened vote is not secret any more. It was never sent as your vote and will not be counted.",
  checkDone: "Go back to voting",
  checkFull: "No more votes can be opened with this code. You can still vote. Nothing was stored.",
} as const;
