// Every word of the guard's and the officer's page in both languages.

const WORDS = {
  live: ["在线", "online"], connecting: ["连接中", "connecting"], lost: ["离线", "offline"],
  polling: ["在线·慢", "online, slow"], unpaired: ["未配对", "not paired"], elsewhere: ["已在别处打开", "opened elsewhere"],
  lostLong: ["网络中断：按下的报警会保存，恢复后立即发出", "No network: what you press is kept and sent as soon as it is back"],
  unpairedLong: ["此设备未配对或已注销。请向管理员索取配对二维码", "This device is not paired, or was taken out. Ask your administrator for a pairing code"],
  elsewhereLong: ["此设备已在另一页面打开", "This device is open in another window"], useHere: ["在此使用", "Use it here"],
  waitingN: ["待发", "to send"], hold: ["按住 1 秒", "hold 1 second"], alarm: ["报警", "ALARM"], sos: ["求助", "SOS"],
  callType: ["指定警情类型", "Say what it is"], direct: ["调警", "Direct call"], directLong: ["调动警力，并告知谁来", "Ask for forces and hear who comes"],
  mine: ["本点报警", "Alarms from here"], sending: ["发送中…", "sending…"], kept: ["已保存，待发送", "kept, not sent yet"],
  recorded: ["已受理", "on record"], refusedBy: ["未受理", "not taken"], none: ["无", "none"],
  neighbours: ["互助组警报", "Neighbours' alarms"], noNeighbours: ["邻近安保点没有警报", "No alarm among the neighbours"],
  group: ["互助组", "Mutual-aid group"], channel: ["频道", "channel"], read: ["已阅", "Read"], answerCall: ["应答", "Answer"],
  muster: ["拉动测试", "Test call"], search: ["全体协查", "Search"], notice: ["通报", "Notice"], answered: ["已应答", "answered"],
  drill: ["演练", "EXERCISE"], order: ["调度指令", "Order"], accept: ["接受", "Accept"], refuse: ["拒绝", "Refuse"],
  why: ["拒绝原因", "Why not"], back: ["返回", "Back"], cannotLeave: ["无法离岗", "Cannot leave my place"],
  onOther: ["正在处置其他事", "Busy with something else"], tooFar: ["太远或路不通", "Too far or no way"], vehicle: ["车辆故障", "Vehicle trouble"],
  ackWithin: ["请在 {s} 秒内应答", "answer within {s} s"], ackLate: ["应答超时 {s} 秒", "answer overdue by {s} s"],
  go: ["出发", "On my way"], arrive: ["到场", "On scene"], clear: ["完成", "Clear"], clearHold: ["按住完成", "Hold to clear"],
  eta: ["预计", "ETA"], others: ["同去", "Also going"], role: ["任务", "Task"], way: ["路线", "Way"], noWay: ["暂无路线", "No way known yet"],
  recalled: ["指令已撤回", "Order recalled"], understood: ["知道了", "Understood"], noOrder: ["没有指令", "No order"],
  noOrderLong: ["巡逻中。新指令会全屏弹出并响铃", "On patrol. A new order fills the screen and rings"], status: ["状态", "Status"],
  gps: ["定位", "GPS"], gpsWait: ["定位中", "finding GPS"], gpsOff: ["无定位权限", "GPS not allowed"], gpsNone: ["无定位", "no GPS"],
  plate: ["车牌查询", "Plate check"], plateLabel: ["车牌号", "Plate"], check: ["查询", "Check"], hit: ["布控车辆", "WANTED"], clean: ["未布控", "not wanted"], checking: ["查询中…", "checking…"],
  silent: ["静默", "silent"], soundOff: ["轻触屏幕以开启声音", "Touch the screen once to allow sound"], sound: ["声音", "Sound"],
  pairing: ["设备配对", "Pairing"], pairingNow: ["正在配对…", "Pairing…"], pairAs: ["配对", "Pair this device"],
  pairHint: ["按下后，此设备即代表该安保点或警力", "Press once; this device then speaks for its post or unit"],
  pairFailed: ["配对码已使用或过期，请向管理员索取新码", "This code is used up or too old; ask for a new one"], pairNoCode: ["链接中没有配对码", "The link holds no code"],
  noNetwork: ["无法连接引擎", "The engine cannot be reached"], lang: ["EN", "中"], post: ["安保点", "Post"], unit: ["警力", "Unit"], gate: ["卡口", "Gate"],
  available: ["待命", "Available"], busy: ["占用", "Busy"], out_of_service: ["停用", "Out of service"], off_duty: ["下班", "Off duty"],
  dispatched: ["已派", "Dispatched"], en_route: ["赶赴", "En route"], on_scene: ["到场", "On scene"], issued: ["新", "new"], delivered: ["新", "new"], accepted: ["已接受", "accepted"],
  respond: ["处置", "respond"], hold_role: ["支援守点", "hold"], observe: ["观察", "observe"], stop: ["拦停", "stop"], ring: ["围堵", "ring"],
  cancelled: ["撤销", "cancelled"], expired: ["超时", "expired"], completed: ["完成", "completed"], refused: ["拒绝", "refused"], metres: ["米", "m"], km: ["公里", "km"], minutes: ["分", "min"], seconds: ["秒", "s"],
  seen: ["发现嫌疑人", "Suspect seen"], seenHint: ["以我的位置和方向上报", "reported from where I am and look"], foot: ["步行", "on foot"], motorcycle: ["摩托车", "motorcycle"], car: ["汽车", "car"],
  sent: ["已发出", "sent"],
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

export const metres = (m) => (m == null ? "—" : m < 1000 ? `${Math.round(m)} ${say("metres")}` : `${(m / 1000).toFixed(1)} ${say("km")}`);
export function span(s) {
  if (s == null) return "—";
  return s < 90 ? `${Math.round(s)} ${say("seconds")}` : `${Math.round(s / 60)} ${say("minutes")}`;
}
export const clock = (ms, zone, seconds = true) =>
  new Date(ms).toLocaleTimeString("zh-CN", {
    hour12: false, timeZone: zone, hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}),
  });
