// The words of what an operator can do, in both languages.

import { isChinese } from "./words.js";

const WORDS = {
  login: ["登录", "Log in"], logout: ["退出", "Log out"], name: ["用户名", "Name"], password: ["口令", "Password"],
  wrong_login: ["用户名或口令错误", "Wrong name or password"], too_many: ["尝试过多，请稍后再试", "Too many attempts; wait a while"],
  unreachable: ["无法连接引擎", "The engine cannot be reached"], lookOnly: ["只能查看：没有处警权限", "You may look only: no right to act"],
  confirm: ["确认派警", "Confirm"], close: ["结案", "Close"], reopen: ["重新打开", "Reopen"], note: ["备注", "Note"], merge: ["并入", "Merge into"],
  link: ["关联", "Link"], refer: ["移交", "Refer"], change: ["更正", "Correct"], send: ["派出", "Send"], recall: ["撤回", "Recall"], more: ["更多", "More"],
  save: ["确定", "Save"], cancel: ["取消", "Cancel"], undo: ["撤销", "Undo"], reason: ["原因", "Reason"], text: ["内容", "Text"],
  how: ["处置结果", "How it ended"], arrested: ["抓获", "arrested"], checked: ["盘查", "checked"], other: ["另一警情", "Other incident"],
  department: ["部门", "Department"], due: ["时限（小时）", "Due in hours"], priority: ["级别", "Priority"], type: ["类型", "Type"],
  strike: ["划去", "Strike out"], notes: ["备注", "Notes"], advice: ["建议", "Advice"], accept: ["采纳", "Accept"], dismiss: ["不采纳", "Dismiss"],
  divert: ["改派", "divert"], move_up: ["前置", "move up"], cover: ["补位", "cover"], gains: ["可快", "gains"],
  done: ["已完成", "Done"], sent: ["已派出", "Sent"], recalled: ["已撤回", "Recalled"], merged: ["已并案", "Merged"], closed: ["已结案", "Closed"],
  noted: ["已记录", "Noted"], command: ["命令", "Command"], noCommand: ["没有这样的命令", "No such command"], noIncident: ["请先选择警情", "Pick an incident first"],
  handled: ["已处置", "handled"], false_alarm: ["误报", "false alarm"], cancelled: ["撤警", "cancelled"], gone_on_arrival: ["到场无人", "gone on arrival"],
  unfounded: ["查无此事", "unfounded"], referred: ["已移交", "referred"], drill: ["演练", "drill"],
  call: ["接警", "Take a call"], where: ["地点", "Where"], caller: ["来电", "Caller"], what: ["情况", "What happens"], preview: ["预览", "Preview"],
  wouldGo: ["将派出", "Would be sent"], joins: ["将并入", "Would join"], nobody: ["无人可派", "nobody"], code: ["回执码", "Receipt code"], waits: ["待人工确认", "waits for a person"],
  silent: ["静默", "Silent"], everyone: ["全城响应", "Call everybody"], search: ["搜寻", "search"], notice: ["通报", "notice"], read: ["已读", "read"],
  calls: ["群呼", "Calls"], help: ["按键与命令", "Keys and commands"], radio: ["电台报告", "told by radio"], tooFar: ["太远", "too far"], needed: ["另有任务", "needed here"],
  known: ["了解现场", "knows the place"], asked: ["要求", "asked for"], operator: ["席位决定", "operator's decision"], near: ["附近警情", "Nearby"],
};
export const word = (key) => WORDS[key]?.[isChinese() ? 0 : 1] ?? key;

export const KEYS = [
  ["/", "命令行", "command line"], ["C", "接警表", "take a call"], ["N", "下一个待派", "next that waits"], ["Y", "确认派警", "confirm the recommendation"],
  ["J K", "上下", "down, up"], ["F Z", "全图 放大", "fit, zoom"], ["L", "语言", "language"], ["G", "全城响应", "call everybody"], ["?", "帮助", "help"], ["Esc", "关闭", "close"],
];
export const COMMANDS = [
  ["send U01 [I1]", "派出", "send a unit"], ["recall I1-1", "撤回指令", "recall an order"], ["confirm [I1]", "确认派警", "let the plan run"],
  ["close handled …", "结案", "close"], ["reopen …", "重新打开", "reopen"], ["note …", "备注", "remark"], ["merge I2", "把 I2 并入当前", "merge I2 into this"],
  ["status U01 available", "改状态", "set a status"], ["find …", "查地点", "find a place"], ["call …", "全城响应", "call everybody"], ["show I1", "查看警情", "show an incident"],
];
