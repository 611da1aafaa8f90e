// Every word of the page in both languages; the same terms as docs/dictionary.md.

const ZH = {
  title: "巡防处警台", open: "未结警情", pending: "待派", unanswered: "待回执", units: "警力",
  available: "待命", latency: "报警→指令", live: "实时", stale: "数据延迟", lost: "连接中断",
  connecting: "连接中", lostLong: "与引擎的连接中断，画面停留在最后状态，正在重连",
  staleLong: "引擎未更新，画面可能已过时", brokerLost: "消息代理中断：新指令无法送达终端，引擎持续重试",
  engineStopped: "引擎停止决策：日志或时钟异常", queue: "警情队列", empty: "当前没有警情",
  emptyHint: "按下报警按钮后，警情将在毫秒内出现在这里", loading: "正在读取态势…",
  detail: "警情详情", pick: "选择左侧警情查看研判与指令", orders: "调度指令", candidates: "推荐方案",
  alarms: "报警", timeline: "时间线", eta: "预计", fix: "定位", wire: "最近指令", noOrders: "尚无指令",
  quiet: "暂无指令", silent: "静默", certainty: "印证", wanted: "需", found: "得", lacking: "缺",
  passed: "未列出", recent: "已结", follow: "跟随最急", fit: "全图", lang: "English",
  noGl: "此浏览器无 WebGL2，地图不可用；队列与指令照常更新", legend: "图例", km: "公里",
  keys: "/ 命令 · C 接警 · N 待派 · Y 确认 · J/K 上下 · F 全图 · ? 帮助", none: "无", ago: "前", at: "于",
  certaintyN: "来源", more: "其余", arrived: "到场", first: "首派",
};
const EN = {
  title: "Patrol dispatch", open: "Open", pending: "Waiting", unanswered: "Unanswered", units: "Units",
  available: "Available", latency: "Alarm→order", live: "live", stale: "stale", lost: "link lost",
  connecting: "connecting", lostLong: "Link to the engine lost; you see the last known state. Reconnecting",
  staleLong: "No news from the engine; what you see may be out of date",
  brokerLost: "Message broker lost: new orders cannot reach devices; the engine keeps trying",
  engineStopped: "The engine has stopped deciding: journal or clock failed", queue: "Incident queue",
  empty: "No incident", emptyHint: "A pressed button appears here within milliseconds",
  loading: "Reading the situation…", detail: "Incident", pick: "Pick an incident to see why and who",
  orders: "Orders", candidates: "Recommendation", alarms: "Alarms", timeline: "Timeline", eta: "ETA",
  fix: "fix", wire: "Latest orders", noOrders: "No order yet", quiet: "No orders yet", silent: "silent",
  certainty: "certainty", wanted: "wanted", found: "found", lacking: "short of", passed: "not listed",
  recent: "Closed", follow: "Follow", fit: "Fit", lang: "中文",
  noGl: "No WebGL2 in this browser: no map. Queue and orders go on", legend: "Legend", km: "km",
  keys: "/ command · C call · N next · Y confirm · J/K move · F fit · ? help", none: "none", ago: "ago", at: "at",
  certaintyN: "sources", more: "more", arrived: "on scene", first: "first order",
};

const TERMS = {
  available: ["待命", "Available"], dispatched: ["已派", "Dispatched"], en_route: ["赶赴", "En route"],
  on_scene: ["到场", "On scene"], busy: ["占用", "Busy"], out_of_service: ["停用", "Out of service"],
  off_duty: ["下班", "Off duty"], issued: ["已下达", "Issued"], delivered: ["已送达", "Delivered"],
  accepted: ["已接受", "Accepted"], refused: ["已拒绝", "Refused"], completed: ["已完成", "Completed"],
  cancelled: ["已撤销", "Cancelled"], expired: ["已过期", "Expired"], pending: ["待派", "Waiting"],
  contained: ["已控制", "Contained"], closed: ["已结", "Closed"], respond: ["处置", "respond"],
  hold: ["支援", "hold"], observe: ["观察", "observe"], ring: ["围堵", "ring"], car: ["巡逻车", "Car"],
  motorcycle: ["摩托", "Motorcycle"], foot: ["步巡", "Foot"], plain_clothes: ["便衣", "Plain clothes"],
  unit: ["警力", "Unit"], post: ["安保点", "Post"], gate: ["卡口", "Gate"], nearest: ["路程最近", "nearest by road"],
  farther: ["路程较远", "farther by road"], beyond_limit: ["超出时限", "beyond the time limit"],
  no_way: ["无路可达", "no way by road"], no_fix: ["无定位", "never located"],
  unresponsive: ["未应答", "did not answer"], on_order: ["执行指令中", "on another order"],
  lacks_capability: ["能力不符", "lacks the capability"], already_sent: ["已派出", "already sent"],
  source_of_alarm: ["报警来源", "source of the alarm"], diverted: ["改派", "diverted from a lesser call"],
  covers_beat: ["须照应本区", "covers its beat"],
  gain_too_small: ["改派收益小", "diverting gains too little"], by_operator: ["人工指定", "by the operator"],
  at_silent_site: ["静默现场", "at a silent site"], stale_fix: ["定位过时", "position too old"],
  incident_opened: ["警情立案", "Incident opened"], alarm_joined: ["报警并入", "Alarm joined"],
  order_issued: ["下达指令", "Order issued"], order_advanced: ["指令", "Order"],
  order_overdue: ["逾期未答，重发", "Unanswered, sent again"], recall_confirmed: ["撤回已确认", "Recall confirmed"],
  incident_advanced: ["警情", "Incident"], incident_short: ["警力缺口", "Short of"],
  incident_escalated: ["升级", "Escalated"], notice_sent: ["通报", "Notice"],
  sighting_reported: ["目击", "Sighting"], patrol: ["巡逻", "patrol"], rule: ["自动", "by rule"],
  same_press: ["重复按压", "same press"], near_in_space_and_time: ["时空邻近", "near in space and time"],
  handled: ["已处置", "handled"], robbery: ["抢劫", "Robbery"],
};

let zh = navigator.language.toLowerCase().startsWith("zh");
try {
  zh = (localStorage.getItem("language") ?? (zh ? "zh" : "en")) === "zh";
} catch { /* storage may be forbidden; the browser's own language stands */ }

export const isChinese = () => zh;
export const say = (key) => (zh ? ZH : EN)[key] ?? key;
export const term = (word) => TERMS[word]?.[zh ? 0 : 1] ?? String(word ?? "").replaceAll("_", " ");
export const pick = (row) => (row ? (zh ? row.name_zh : row.name_en) : "");

export function setChinese(value) {
  zh = value;
  document.documentElement.lang = zh ? "zh-CN" : "en";
  try {
    localStorage.setItem("language", zh ? "zh" : "en");
  } catch { /* as above */ }
}

export const need = (name) => {
  const [kind, capability] = name.split(":");
  return capability ? `${term(kind)} · ${term(capability)}` : term(kind);
};
export const why = (reason) => (reason === "stale" ? term("stale_fix") : term(reason));
export const duration = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  const mm = String(Math.floor((s % 3600) / 60)).padStart(h ? 2 : 1, "0");
  return `${h ? `${h}:` : ""}${mm}:${String(s % 60).padStart(2, "0")}`;
};
export const etaText = (s) => (s == null ? "—" : duration(s * 1000));
