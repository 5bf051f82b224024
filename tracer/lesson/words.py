"""What the player of lessons says by itself, in each language a lesson is in.

Names of panels, hooks, facts and commands are the same in both: so they stand on the screen.
"""

from collections.abc import Mapping

WORDS: dict[str, Mapping[str, str]] = {
    # -- answers
    "right": {"en": "Right.", "zh": "正确。"},
    "wrong": {"en": "Not so: {legal}.", "zh": "不对。答案：{legal}。"},
    "undecided": {
        "en": "Nobody can say: this run has not decided it. Known to be right: {legal}.",
        "zh": "无法判断：这次运行还没有给出结果。已知正确的有：{legal}。",
    },
    "skipped": {"en": "Skipped. The answer: {legal}.", "zh": "已跳过。答案：{legal}。"},
    "also": {"en": "Also right: {legal}.", "zh": "同样正确的还有：{legal}。"},
    "answered": {"en": "Your answer: {given}.", "zh": "你的回答：{given}。"},
    "decides": {"en": "What decides: {event}", "zh": "依据：{event}"},
    "enters": {"en": "{time} {label} enters {hook}", "zh": "{time} {label} 进入 {hook}"},
    "leaves": {"en": "{time} {label} leaves {hook}", "zh": "{time} {label} 从 {hook} 返回"},
    "raises": {"en": "{time} {label} leaves {hook} by an exception", "zh": "{time} {label} 因异常离开 {hook}"},
    "is so": {"en": "{time} {fact}", "zh": "{time} {fact}"},
    "a begin": {"en": "the beginning of {hook}", "zh": "进入 {hook}"},
    "an end": {"en": "the end of {hook}", "zh": "{hook} 结束"},
    "where main": {"en": "in the main thread", "zh": "在主线程里"},
    "where thread": {"en": "in another thread", "zh": "在另一个线程里"},
    "where child": {"en": "in a child process", "zh": "在子进程里"},
    "outcome returned": {"en": "it has returned", "zh": "已经返回"},
    "outcome raised": {"en": "an exception has left it", "zh": "抛出了异常"},
    "outcome open": {"en": "it has not ended", "zh": "还没有结束"},
    "or": {"en": " or ", "zh": " 或 "},
    "comma": {"en": ", ", "zh": "，"},
    # -- a lesson and its steps
    "minutes": {"en": "{minutes} min", "zh": "{minutes} 分钟"},
    "goals": {"en": "After this lesson you can:", "zh": "学完本课，你能够："},
    "step": {"en": "Step {number} of {count}: {title}", "zh": "第 {number} 步，共 {count} 步：{title}"},
    "question": {"en": "Question: {question}", "zh": "问题：{question}"},
    "resuming": {"en": "You were at step {number}: coming there.", "zh": "上次学到第 {number} 步，正在前往。"},
    "again": {
        "en": "You have been through this lesson: coming to its last step. To begin anew: tracer learn {name} --restart",
        "zh": "本课你已学完，正在前往最后一步。如要从头开始：tracer learn {name} --restart",
    },
    "waiting": {"en": "… waiting for: {what}", "zh": "……正在等待：{what}"},
    "failed": {"en": "The lesson cannot go on: {why}", "zh": "本课无法继续：{why}"},
    "finished": {"en": "This was the last step.", "zh": "这是最后一步。"},
    "following": {"en": "The next lesson: tracer learn {name}", "zh": "下一课：tracer learn {name}"},
    # -- what a student types
    "choose": {"en": "Your answer, 1 to {count} (or s, b, q, ?): ", "zh": "请回答，1 到 {count}（或 s、b、q、?）："},
    "type": {"en": "Your answer, a number (or s, b, q, ?): ", "zh": "请回答一个数（或 s、b、q、?）："},
    "go on": {"en": "Enter goes on (or b, q, ?): ", "zh": "按回车继续（或 b、q、?）："},
    "no choice": {"en": "That is no answer here: a number from 1 to {count} is.", "zh": "这里要回答 1 到 {count} 之间的一个数。"},
    "no number": {"en": "That is no whole number.", "zh": "这不是一个整数。"},
    "help": {
        "en": "s: skip the question and be told the answer. b: read the step before again. q: leave; you will come back to this step. "
        "In Calls, > marks the call where the step stops; ▸ is a call that has not returned, ▶ the one that control is in.",
        "zh": "s：跳过这个问题，直接看答案。b：回到上一步重读。q：离开，下次回到这一步。"
        "在 Calls 里，> 标出本步停下的那次调用；▸ 表示还没有返回的调用，▶ 表示程序正执行到的那一个。",
    },
    # -- what is seen where a step stops
    "calls": {"en": "Calls (> is where the step stops):", "zh": "Calls（> 是本步停下的地方）："},
    "calls now": {"en": "Calls:", "zh": "Calls："},
    "no calls": {"en": "none since the step before", "zh": "上一步之后没有新的调用"},
    "left out": {"en": "({count} lines left out)", "zh": "（略去 {count} 行）"},
    "not known": {"en": "not known", "zh": "未知"},
    "none": {"en": "none", "zh": "无"},
    "queue": {"en": "{depth} waiting, limit {limit} + 1", "zh": "{depth} 个在等待，上限 {limit} + 1"},
    "queue unlimited": {"en": "{depth} waiting", "zh": "{depth} 个在等待"},
    "queue bytes": {"en": "{bytes} bytes wait to be received", "zh": "等待接收的有 {bytes} 字节"},
    "children": {
        "en": "the server believes {believed}, the kernel says {kernel}",
        "zh": "服务器认为有 {believed} 个，内核说有 {kernel} 个",
    },
    "called from": {"en": "called from {where}  {line}", "zh": "调用者 {where}  {line}"},
    "zombie": {"en": "zombie", "zh": "僵尸进程"},
    "running": {"en": "running", "zh": "运行中"},
    "no hook": {"en": "in no hook", "zh": "不在任何钩子里"},
    "in": {"en": "in {hook}", "zh": "在 {hook} 里"},
    "held at": {"en": "held {when} {hook}", "zh": "停在 {hook} {when}"},
    "is open": {"en": "open", "zh": "仍开着"},
    "is closed": {"en": "closed", "zh": "已关闭"},
    "is refused": {"en": "refused", "zh": "被拒绝"},
    "is failed": {"en": "failed", "zh": "出错"},
    "is killed": {"en": "killed", "zh": "随进程被杀"},
    "is exited": {"en": "ended with its process", "zh": "随进程结束"},
    "before": {"en": "before", "zh": "之前"},
    "after": {"en": "after", "zh": "之后"},
    # -- experiments
    "experiments": {
        "en": "Experiments: change the server, predict what it will do, and see.",
        "zh": "实验：改动服务器，预测结果，再看结果。",
    },
    "which": {"en": "Which one, 1 to {count} (Enter: none): ", "zh": "做哪一个，1 到 {count}（按回车：不做）："},
    "present": {"en": "In the lesson's server.py {change} is {value}.", "zh": "本课的 server.py 里，{change} 是 {value}。"},
    "value": {"en": "Change it to, 1 to {count} (Enter: leave it): ", "zh": "改成哪一个，1 到 {count}（按回车：不改）："},
    "copy": {"en": "Your own copy is {path}", "zh": "你自己的一份是 {path}"},
    "edit": {
        "en": "e opens it in your editor, Enter goes on with it as it is (or q): ",
        "zh": "按 e 用编辑器打开，按回车就用现在的内容（或 q）：",
    },
    "predict": {"en": "Your prediction (or s): ", "zh": "你的预测（或 s）："},
    "trying": {
        "en": "The server runs as it was, and as you want it: a few seconds.",
        "zh": "服务器先按原样运行，再按你的改动运行，需要几秒钟。",
    },
    "result": {"en": "before: {before}, after: {after}", "zh": "改动前：{before}，改动后：{after}"},
    "not so": {"en": "Not so.", "zh": "不对。"},
    "predicted": {"en": "You predicted: {predicted}.", "zh": "你的预测：{predicted}。"},
    "not tried": {"en": "The experiment could not be made: {why}", "zh": "实验没有做成：{why}"},
    "compare": {"en": "To see both runs:", "zh": "查看两次运行："},
    "beside": {
        "en": "before: {before}, after: {after}; q goes back to the lesson",
        "zh": "改动前：{before}，改动后：{after}；按 q 回到课程",
    },
    # -- the list of lessons
    "lessons": {"en": "Lessons: real servers, step by step", "zh": "课程：真实的服务器，一步一步"},
    "no lessons": {"en": "none are here", "zh": "这里没有课程"},
    "builds on": {"en": "after {names}", "zh": "先修 {names}"},
    "at step": {"en": "step {number} of {count}", "zh": "第 {number} 步，共 {count} 步"},
    "done": {"en": "done", "zh": "已学完"},
    "score": {"en": "{right} of {count} right", "zh": "{count} 题对 {right} 题"},
    "broken": {"en": "cannot be played: tracer learn --check {name}", "zh": "无法播放：tracer learn --check {name}"},
    # -- the screen
    "lesson": {"en": "lesson", "zh": "回到课程"},
    "screen begin": {"en": "Enter: begin", "zh": "按回车开始"},
    "screen next": {"en": "Enter: the next step", "zh": "按回车进入下一步"},
    "screen last": {"en": "Enter: the end of the lesson", "zh": "按回车到课程结尾"},
    "screen end": {"en": "q leaves, B goes back, R begins the lesson anew.", "zh": "按 q 离开，按 B 返回，按 R 从头开始本课。"},
    "screen how": {
        "en": "Next to this text the real server runs, with real clients. Tab takes you there, to look and to try; L brings you back.",
        "zh": "这段文字旁边，真实的服务器正在运行，连接它的也是真实的客户端。按 Tab 过去看一看、试一试，按 L 回到课程。",
    },
    "screen look": {"en": "Look at {panel} (key {key}).", "zh": "请看 {panel}（{key} 键）。"},
    "screen more": {"en": "… {count} more lines: {key}", "zh": "（还有 {count} 行，按 {key}）"},
    "screen away": {"en": "L: back to the moment of this step", "zh": "画面在别的时刻，按 L 回来"},
    "screen coming": {"en": "Coming to step {number} of {count}…", "zh": "正在前往第 {number} 步（共 {count} 步）……"},
    "screen cure": {
        "en": "R starts a new server and comes back to this step; your answers stay. "
        "If you have sent clients or held somebody, that may be why.",
        "zh": "按 R 启动新的服务器并回到这一步，已有的回答会保留。如果你自己派出过客户端，或让谁停住过，原因可能就在这里。",
    },
    "screen restart": {
        "en": "Begin the lesson anew, with a new server? Your answers are forgotten.",
        "zh": "启动新的服务器，从头开始本课吗？已有的回答会清除。",
    },
    "screen yes": {"en": "yes", "zh": "是"},
    "screen no": {"en": "no", "zh": "否"},
    "screen nothing": {"en": "type a number first", "zh": "请先输入一个数"},
    "screen type": {"en": "type a number, then Enter", "zh": "输入一个数，再按回车"},
    "screen score": {"en": "{right} of {count} questions were answered right.", "zh": "共回答 {count} 个问题，答对 {right} 个。"},
    "screen change": {"en": "What do you change it to?", "zh": "你把它改成什么？"},
    "screen own": {"en": "The program is yours to change.", "zh": "程序由你来改。"},
    "screen edit": {"en": "open my copy of server.py in the editor", "zh": "用编辑器打开我的 server.py"},
    "screen run": {"en": "run my copy as it is", "zh": "按现在的内容运行"},
    "screen predict": {"en": "What do you predict?", "zh": "你的预测是什么？"},
    "screen experiment": {"en": "Experiment {number}/{count}", "zh": "实验 {number}/{count}"},
    "screen unanswered": {"en": "answer the question first: V shows what decides it", "zh": "先回答问题，再按 V 看依据"},
    "screen no proof": {"en": "no single call decides this", "zh": "没有哪一次调用单独决定了这一点"},
    # what is going on
    "screen send": {"en": "Sending clients ({kind} × {count})…", "zh": "正在派出客户端（{kind} × {count}）……"},
    "screen dismiss": {"en": "The clients leave…", "zh": "客户端正在离开……"},
    "screen hold": {"en": "Setting a hold {filter}…", "zh": "正在设置 hold：{filter}……"},
    "screen release": {"en": "Letting {who} run on…", "zh": "正在放行 {who}……"},
    "screen everybody": {"en": "everybody", "zh": "所有停住的"},
    "screen signal": {"en": "Sending {name} to the server…", "zh": "正在向服务器发送 {name}……"},
    "screen wait": {"en": "Waiting until {check}…", "zh": "正在等待 {check}……"},
    "screen pause": {"en": "Waiting {seconds} s…", "zh": "等待 {seconds} 秒……"},
    "screen stop": {"en": "Waiting for {filter}…", "zh": "正在等待 {filter}……"},
    "screen held": {
        "en": "You hold somebody. The lesson waits until you let them go: g one, a all.",
        "zh": "你让某个上下文停住了，课程在等你放行：按 g 放行一个，按 a 全部放行。",
    },
    "screen deciding": {"en": "The run decides…", "zh": "正在等运行给出结果……"},
    # the keys in the footer
    "key answer": {"en": "answer", "zh": "回答"},
    "key on": {"en": "go on", "zh": "继续"},
    "key read": {"en": "read on", "zh": "往下读"},
    "key choose": {"en": "choose", "zh": "选择"},
    "key number": {"en": "number", "zh": "输入"},
    "key back": {"en": "back", "zh": "返回"},
    "key skip": {"en": "skip", "zh": "跳过"},
    "key proof": {"en": "what decides", "zh": "看依据"},
    "key again": {"en": "try again", "zh": "再试一次"},
    "key restart": {"en": "restart", "zh": "重来"},
    "key here": {"en": "this step", "zh": "回到这一步"},
    "key enlarge": {"en": "enlarge", "zh": "放大"},
    "key shrink": {"en": "all panels", "zh": "还原"},
    "key help": {"en": "help", "zh": "帮助"},
    "key quit": {"en": "quit", "zh": "退出"},
    "screen help": {
        "en": "The lesson tells what to look at, and asks what you see. The answers are not in the lesson: the run beside it gives "
        "them, and after your answer you are told what decides it, an event and a line of code.\n"
        "\n"
        "Enter reads on, answers, and goes on to the next step. Up and Down choose an answer; where a number is asked for, type it. "
        "S skips a question and tells the answer. B goes a step back. V shows the event that decides, L comes back from there: "
        "from wherever you are it shows the moment of the step again. R begins the lesson anew.\n"
        "\n"
        "The run is real. Go to any panel (Tab, or its key), send clients, hold somebody, go back and forth in time; then L.",
        "zh": "课程告诉你看哪里，再问你看到了什么。答案不写在课程里，而由旁边的这次运行给出；"
        "你回答之后，会看到是哪个事件、哪一行代码决定了答案。\n"
        "\n"
        "回车：往下读、回答、进入下一步。上下方向键选择答案；要回答数字时，直接输入数字。S 跳过问题并显示答案。B 返回上一步。"
        "V 显示起决定作用的事件；无论在哪里，按 L 都会回到课程，画面也回到这一步的时刻。R 从头开始本课。\n"
        "\n"
        "运行是真实的：可以去任何面板（Tab 键，或面板自己的键），派出客户端，让某个上下文停住，在时间里前后移动；然后按 L 回来。",
    },
}
"""Key -> language -> words, with fields in braces."""


def say(language: str, key: str, /, **fields: object) -> str:
    """The words of that key."""
    return WORDS[key][language].format(**fields)


def letters(language: str) -> str:
    """Letters that the language needs."""
    return WORDS["goals"][language]


def language_of(environment: Mapping[str, str]) -> str:
    """The language of a person's locale, if lessons are in it; else English."""
    names = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").lower().startswith("zh") else "en"
