"""The style sheet of a page: for telephones, screens and print, light and dark.

Texts have a contrast of at least 4.5 with what is behind them, https://www.w3.org/TR/WCAG21/#contrast-minimum.
"""

_LIGHT = {
    "back": "#f5f6f8",
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "soft": "#57606a",
    "line": "#d8dde3",
    "accent": "#00629b",
    "box": "#e3f0f9",
    "box-line": "#0072b2",
    "still": "#eef0f3",
    "warn": "#fff4dc",
    "warn-line": "#b07900",
    "good": "#00624a",
    "bad": "#a63c00",
}
_DARK = {
    "back": "#0d1014",
    "paper": "#14171c",
    "ink": "#e8eaed",
    "soft": "#a3abb5",
    "line": "#2f363f",
    "accent": "#6cc0f0",
    "box": "#12324a",
    "box-line": "#56b4e9",
    "still": "#22272f",
    "warn": "#33280c",
    "warn-line": "#d9a520",
    "good": "#4bd1a8",
    "bad": "#f59a5b",
}

_RULES = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--back);color:var(--ink);
overflow-wrap:break-word;
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Helvetica,Arial,sans-serif}
header,main,footer,nav{max-width:72rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .5rem;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.35rem;line-height:1.3;margin:0 0 .75rem;font-weight:650}
h3{font-size:1.02rem;margin:1.75rem 0 .5rem;font-weight:650}
p{margin:.5rem 0;max-width:46rem}
.lead{font-size:1.08rem}
.soft,figcaption{color:var(--soft)}
a{color:var(--accent);text-underline-offset:.15em}
a:focus-visible,.scroll:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-100rem}
.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.5rem 1rem;z-index:1}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
nav ul{display:flex;flex-wrap:wrap;gap:.35rem 1.25rem;list-style:none;margin:1.25rem 0 0;padding:.7rem 0;
border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
nav a{display:inline-block;padding:.15rem 0;text-decoration:none}
nav a:hover{text-decoration:underline}
section{background:var(--paper);border:1px solid var(--line);border-radius:12px;
padding:1.4rem 1.5rem 1.6rem;margin:1.25rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.9rem;margin:1.25rem 0 0;padding:0}
.tiles div{background:var(--paper);border:1px solid var(--line);border-radius:12px;padding:.8rem 1rem}
.tiles dt{color:var(--soft);font-size:.9rem}
.tiles dd{margin:0}
.tiles .figure{font-size:1.75rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.tiles .beside{color:var(--soft);font-size:.86rem;line-height:1.4}
.note{background:var(--warn);border-left:4px solid var(--warn-line);border-radius:6px;
padding:.6rem .9rem;margin:1rem 0;max-width:none}
.flow{columns:2 26rem;column-gap:2.5rem}
.flow>*{break-inside:avoid;margin:0;padding:.5rem 0 .9rem}
.spark{display:block}
.spark path{fill:var(--box-line)}
figure{margin:1rem 0 0;min-width:0}
figure svg{display:block;width:100%;height:auto}
figure.chart{max-width:30rem}
figure.plain svg{max-width:22.5rem;margin:0 auto}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));
gap:1rem 2.5rem;align-items:start;margin:.5rem 0 1rem}
.scroll{overflow-x:auto;margin:1rem 0 0}
table{border-collapse:collapse;font-size:.93rem;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:0 0 .35rem;font-size:.93rem;font-weight:600;color:var(--ink)}
th,td{padding:.34rem .9rem .34rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{font-weight:600;color:var(--soft);white-space:nowrap}
tbody th{font-weight:500;min-width:6.5rem}
.number{text-align:right;padding-left:.6rem}
td{white-space:nowrap}
dl.facts{margin:1rem 0 0}
dl.facts div{display:grid;grid-template-columns:minmax(8rem,13rem) 1fr;gap:0 1rem;
padding:.3rem 0;border-bottom:1px solid var(--line);break-inside:avoid}
dl.short{columns:3 19rem;column-gap:2.5rem}
dl.short div{grid-template-columns:9rem 1fr}
dt{color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
code,pre{font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--back);border:1px solid var(--line);border-radius:8px;padding:.75rem 1rem;margin:.75rem 0 0;
white-space:pre-wrap;overflow-wrap:anywhere}
.diagram rect{stroke-width:1.5;fill:var(--still);stroke:var(--line)}
.diagram .learns{fill:var(--box);stroke:var(--box-line)}
.diagram text{text-anchor:middle;fill:var(--ink);font-size:14px}
.diagram .name{font-weight:600}
.diagram .figures{fill:var(--soft);font-size:12.5px}
.diagram .arrow{fill:none;stroke:var(--soft);stroke-width:1.5}
.diagram .learns~.figures{fill:var(--ink)}
footer{color:var(--soft);font-size:.9rem;padding-top:.25rem;padding-bottom:2.5rem}
@media(max-width:40rem){
body{font-size:15.5px}
header{padding-top:1.5rem}
header,main,footer,nav{padding-left:.9rem;padding-right:.9rem}
h1{font-size:1.55rem}
section{padding:1.1rem 1rem 1.25rem;border-radius:10px}
.tiles{grid-template-columns:1fr 1fr;gap:.6rem}
.tiles div{padding:.65rem .8rem}
.tiles .figure{font-size:1.4rem}
.tiles div:last-child:nth-child(odd){grid-column:span 2}
dl.facts:not(.short) div{grid-template-columns:1fr}
th,td{padding-right:.45rem}
.number{padding-left:.35rem}
tbody th{min-width:4.5rem}
table{font-size:.87rem}
}
"""

_PRINT = """
@page{margin:14mm}
body{background:#fff;font-size:10.5pt}
nav,.skip{display:none}
header,main,footer{max-width:none;padding-left:0;padding-right:0}
header{padding-top:0}
section{border:0;border-top:1px solid var(--line);border-radius:0;padding:.9rem 0 0;margin:1rem 0 0}
.tiles{grid-template-columns:repeat(5,1fr);gap:.5rem}
.tiles div{break-inside:avoid;padding:.5rem .7rem;border-radius:8px}
.tiles .figure{font-size:1.3rem}
.flow{columns:2 16rem}
table{font-size:8pt}
th,td{padding:.2rem .5rem .2rem 0}
td:not(.number){overflow-wrap:anywhere}
thead th{white-space:normal}
tbody th{min-width:0;overflow-wrap:anywhere}
.number{padding-left:.2rem}
dl.short{columns:2 10rem;font-size:9pt}
dl.facts{font-size:9pt}
.pictures{grid-template-columns:1fr 1fr;gap:.5rem 1.5rem}
figure,tr,pre,.note,.tiles{break-inside:avoid}
h2,h3,caption{break-after:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}
td{white-space:normal}
a{color:inherit;text-decoration:none}
"""


def sheet() -> str:
    """Returns the style sheet."""
    return (
        f":root{{color-scheme:light dark;{_variables(_LIGHT)}}}\n"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(_DARK)}}}}}\n"
        f"{_RULES.strip()}\n@media print{{\n:root{{color-scheme:light;{_variables(_LIGHT)}}}\n{_PRINT.strip()}\n}}\n"
    )


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())
