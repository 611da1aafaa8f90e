// Every word of the supervisor's page in both languages.

const WORDS = {
  title: ["督导报表", "Supervision"], login: ["登录", "Log in"], logout: ["退出", "Log out"], name: ["用户名", "Name"], password: ["口令", "Password"],
  wrong_login: ["用户名或口令错误", "Wrong name or password"], too_many: ["尝试过多，请稍后再试", "Too many attempts; wait a while"],
  unreachable: ["无法连接引擎，所示为 {at} 的数据", "The engine cannot be reached; figures of {at}"], nothing: ["无法连接引擎", "The engine cannot be reached"],
  forbidden: ["您的角色无权查看报表", "Your role may not see reports"], loading: ["正在读取…", "Loading…"], asOf: ["数据截至", "As of"],
  h8: ["近 8 小时", "8 hours"], h24: ["近 24 小时", "24 hours"], today: ["今日", "Today"], custom: ["自定", "Custom"], since: ["自", "From"], until: ["至", "To"], show: ["显示", "Show"],
  period: ["统计时段", "Period"], print: ["打印 / PDF", "Print / PDF"], exports: ["导出台账", "Export ledgers"], lang: ["EN", "中"], console: ["处警台", "Console"],
  incidents: ["警情", "Incidents"], open: ["未结", "open"], orders: ["指令", "Orders"], issued: ["下达", "issued"], accepted: ["接受", "accepted"], refused: ["拒绝", "refused"],
  expired: ["超时未应答", "expired"], cancelled: ["撤销", "cancelled"], late: ["超预计", "late"], dispatch: ["报警→派警", "Call to order"], arrival: ["报警→到场", "Call to arrival"], answer: ["应答用时", "Time to answer"],
  half: ["中位", "half"], most: ["九成", "nine tenths"], none: ["无", "none"], calm: ["该时段没有警情", "No incident in this period"],
  byPriority: ["按等级", "By priority"], byBeat: ["按辖区", "By area"], byHour: ["按时刻", "By hour"], byType: ["按类型", "By type"], response: ["响应时间", "Response times"], count: ["起数", "Count"],
  priority: ["等级", "Priority"], area: ["辖区", "Area"], hour: ["时", "Hour"], outside: ["区外", "outside"],
  heat: ["警情分布", "Where it happens"], fewer: ["少", "fewer"], more: ["多", "more"], dots: ["圆点为警情位置", "Dots are incidents"],
  circles: ["巡防圈", "Circles"], holds: ["圈内有警", "holds"], fails: ["空档", "broken"], unknown: ["未查", "not looked at"], kept: ["守住比例", "kept"], minutes: ["{n} 分钟圈", "{n} min circle"], noCircles: ["未设巡防圈", "No circle is declared"],
  coverage: ["当前覆盖", "Covered now"], coverageLong: ["空闲警力按路程可达的安保点", "Security points that a free unit reaches by road"], within: ["{n} 分钟内", "within {n} min"], freeUnits: ["空闲警力", "free units"], uncovered: ["五分钟内无人可达", "nobody within five minutes"],
  posts: ["安保点应答率", "Posts that answer"], post: ["安保点", "Post"], answered: ["已应答", "answered"], mustered: ["拉动应答", "test calls"], noPosts: ["该时段没有派到安保点的指令或拉动", "No order or test call went to a post"],
  owed: ["未应答与逾期", "Unanswered and overdue"], unanswered: ["指令未应答", "Orders without an answer"], waiting: ["警情无人处置", "Incidents without anybody"], overdue: ["督办逾期", "Overdue follow-ups"], due: ["期限", "due"], waited: ["已等 {t}", "waited {t}"], overBy: ["已超 {t}", "{t} over"],
  presence: ["在岗与定位", "On the street, by GPS"], presenceLong: ["每分钟核对一次：排班在岗、定位新鲜、位于本巡区", "Looked at once a minute: on the roster, heard of, in its beat"], unit: ["警力", "Unit"], beat: ["巡区", "Beat"], shift: ["班次", "Shift"], status: ["状态", "Status"], fix: ["定位", "Fix"],
  heardShare: ["有定位", "heard"], inBeat: ["在巡区", "in beat"], here: ["在岗", "present"], missing: ["失联", "missing"], offDuty: ["不在班", "off"], onDuty: ["应在岗", "should be on"], proved: ["有定位", "proved by GPS"], noRoster: ["未导入排班，以警力自报状态为准", "No roster is loaded; the units' own status counts"],
  onlyOdd: ["打印时只列异常，其余 {n} 项正常", "On paper only what is amiss; {n} others are well"], calls: ["通报与拉动", "Calls to many"], sent: ["发出", "sent"], asked: ["应收", "asked"], read: ["已阅", "read"], kind: ["类别", "Kind"], muster: ["拉动", "test call"], search: ["协查", "search"], notice: ["通报", "notice"], standing: ["进行中", "standing"],
  ledger_incidents: ["警情登记簿", "Incidents"], ledger_orders: ["派警登记簿", "Orders"], ledger_calls: ["通报登记簿", "Calls"], ledger_follow_ups: ["督办登记簿", "Follow-ups"],
  feedback: ["反馈", "feedback"], supervise: ["督办", "supervision"], call_back: ["回访", "call back"], referral: ["移送", "referral"], archive: ["归档", "archive"],
  available: ["待命", "available"], dispatched: ["已派", "dispatched"], en_route: ["赶赴", "en route"], on_scene: ["到场", "on scene"], busy: ["占用", "busy"], out_of_service: ["停用", "out of service"], off_duty: ["下班", "off duty"], pending: ["待派", "waiting"],
  madeBy: ["制表", "Made by"], checkedBy: ["审核", "Checked by"], printedAt: ["打印时间", "Printed"], beyond: ["只含引擎仍保留的警情（结案后 26 小时内）", "Only what the engine still holds: 26 hours after closing"],
};

let zh = navigator.language.toLowerCase().startsWith("zh");
try {
  zh = (localStorage.getItem("language") ?? (zh ? "zh" : "en")) === "zh";
} catch { /* storage may be forbidden; the browser's own language stands */ }
document.documentElement.lang = zh ? "zh-CN" : "en";

export const isChinese = () => zh;
export const pick = (row) => (row ? (zh ? row.name_zh : row.name_en) : "");
export function say(key, values = {}) {
  const text = WORDS[key]?.[zh ? 0 : 1] ?? String(key ?? "").replaceAll("_", " ");
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
export function setChinese(value) {
  zh = value;
  document.documentElement.lang = zh ? "zh-CN" : "en";
  try {
    localStorage.setItem("language", zh ? "zh" : "en");
  } catch { /* as above */ }
}

/** Seconds as `20 ms`, `45 s`, `2:05`, `1:02:05`. */
export function span(s) {
  if (s == null) return "—";
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 100) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  const [h, m] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(Math.floor(s % 60))}` : `${m}:${two(Math.floor(s % 60))}`;
}
export const percent = (share) => (share == null ? "—" : `${Math.round(share * 100)} %`);
export const when = (ms, zone, date = false) =>
  new Date(ms).toLocaleString(zh ? "zh-CN" : "en-GB", {
    timeZone: zone, hour12: false, hour: "2-digit", minute: "2-digit",
    ...(date ? { year: "numeric", month: "2-digit", day: "2-digit" } : {}),
  });
