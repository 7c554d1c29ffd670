#include "scheduler/sim/report_page.h"

namespace fairlead::sim {
namespace {

constexpr std::string_view kHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fairlead simulation</title>
<link rel="icon" href="data:,">
<style>
:root{--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d8dee4;--card:#f6f8fa;--mark:#0b62d6}
@media(prefers-color-scheme:dark){:root{--bg:#0e1116;--fg:#e6e9ed;--dim:#9aa4af;--line:#2d343c;--card:#171b21;--mark:#6cb0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:16px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 6px}
p{margin:4px 0;color:var(--dim)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:12px;margin:14px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px}
.tile b{display:block;font-size:26px;line-height:1.2}.tile span{color:var(--dim);font-size:13px}
.tile i{font-style:normal;font-weight:600;font-size:13px;color:var(--dim)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13.5px}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--dim);font-weight:600}th:first-child,td:first-child{text-align:left}
tr.on td{background:var(--card);font-weight:600}tbody tr{cursor:pointer}
.key{display:flex;flex-wrap:wrap;gap:4px 6px;margin:6px 0}
.key button{font:inherit;font-size:13px;color:var(--fg);background:none;border:1px solid var(--line);border-radius:12px;padding:1px 9px;cursor:pointer}
.key button.off{opacity:.4;text-decoration:line-through}
.key em{display:inline-block;width:10px;height:10px;border-radius:5px;margin-right:5px}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr));gap:8px 24px}
.chart{position:relative;min-width:0}svg{display:block;width:100%}
svg text{fill:var(--dim);font-size:12px}svg .axis{stroke:var(--line)}
.tip{position:absolute;top:26px;pointer-events:none;background:var(--bg);color:var(--fg);border:1px solid var(--line);border-radius:6px;padding:5px 8px;font-size:12.5px;white-space:nowrap;box-shadow:0 2px 8px #0003;display:none;z-index:2}
select{font:inherit;max-width:100%;color:var(--fg);background:var(--card);border:1px solid var(--line);border-radius:6px;padding:3px 6px}
</style></head><body><main id="page"></main>
<script type="application/json" id="data">)html";

constexpr std::string_view kTail = R"html(</script>
<script>
"use strict";
const D=JSON.parse(document.getElementById("data").textContent),page=document.getElementById("page");
const dark=matchMedia("(prefers-color-scheme: dark)");
const hue=[212,28,130,350,270,180,48,310,95,235,10,160,290,70,200,330];
const color=i=>`hsl(${hue[i%16]} ${i>=16?30:65}% ${dark.matches?66:i%3==1?38:44}%)`;
const el=(tag,text,cls)=>{const e=document.createElement(tag);if(text!==undefined)e.textContent=text;if(cls)e.className=cls;return e};
const pct=(x,d=1)=>(100*x).toFixed(d)+" %";
const num=x=>Number(x).toLocaleString("en-US",{maximumFractionDigits:1});
function time(s){if(s<100)return num(s)+" s";if(s<6000)return num(s/60)+" min";if(s<172800)return num(s/3600)+" h";return num(s/86400)+" d"}
let run=0;const off=new Set();
// Ticks at round numbers: about n of them from 0 to max.
function ticks(max,n,steps){const rough=max/n;let step;
 if(steps){step=steps.find(s=>s>=rough)||Math.ceil(rough/864000)*864000}
 else{const p=10**Math.floor(Math.log10(rough||1));step=[1,2,5,10].map(k=>k*p).find(s=>s>=rough)}
 const out=[];for(let v=0;v<=max*1.0001;v+=step)out.push(v);return out}
const TIME=[1,5,10,30,60,300,600,1800,3600,7200,14400,21600,43200,86400,172800,345600,604800,864000,1728000,2592000];
const ns="http://www.w3.org/2000/svg";
function svg(parent,tag,attrs,text){const e=document.createElementNS(ns,tag);for(const k in attrs)e.setAttribute(k,attrs[k]);if(text!==undefined)e.textContent=text;parent.append(e);return e}
// Lines over x. o: title, x, lines [{label,color,y,dash}], xText, yText, xLabel, yLabel, max.
function lineChart(o){const box=el("div",undefined,"chart");
 const W=Math.max(300,o.width),H=240,L=58,R=12,T=26,B=40;
 const g=svg(box,"svg",{viewBox:`0 0 ${W} ${H}`,role:"img","aria-label":o.title});
 const top=o.max||Math.max(1e-9,...o.lines.flatMap(l=>l.y))*1.05,end=o.x[o.x.length-1]||1;
 const X=v=>L+(W-L-R)*v/end,Y=v=>H-B-(H-T-B)*Math.min(v,top)/top;
 svg(g,"text",{x:L,y:14},o.yLabel);
 for(const v of ticks(top,4)){svg(g,"line",{x1:L,x2:W-R,y1:Y(v),y2:Y(v),class:"axis"});svg(g,"text",{x:L-6,y:Y(v)+4,"text-anchor":"end"},o.yText(v))}
 for(const v of ticks(end,Math.max(2,Math.floor((W-L)/95)),o.xSteps)){if(X(v)>W-R-14)continue;svg(g,"text",{x:X(v),y:H-B+16,"text-anchor":"middle"},o.xText(v))}
 svg(g,"text",{x:(L+W-R)/2,y:H-6,"text-anchor":"middle"},o.xLabel);
 for(const l of o.lines){const d=l.y.map((v,i)=>(i?"L":"M")+X(o.x[i]).toFixed(1)+" "+Y(v).toFixed(1)).join("");
  if(l.fill)svg(g,"path",{d:d+`L${X(end)} ${Y(0)}L${L} ${Y(0)}Z`,fill:l.color,opacity:.18});
  svg(g,"path",{d,fill:"none",stroke:l.color,"stroke-width":1.6,"stroke-dasharray":l.dash||"none"})}
 const cross=svg(g,"line",{y1:T,y2:H-B,stroke:"var(--mark)",visibility:"hidden"}),tip=el("div",undefined,"tip");box.append(tip);
 g.addEventListener("pointermove",e=>{const r=g.getBoundingClientRect(),v=((e.clientX-r.left)*W/r.width-L)/(W-L-R)*end;
  let i=0;while(i+1<o.x.length&&Math.abs(o.x[i+1]-v)<=Math.abs(o.x[i]-v))i++;
  cross.setAttribute("x1",X(o.x[i]));cross.setAttribute("x2",X(o.x[i]));cross.setAttribute("visibility","visible");
  tip.replaceChildren(el("div",o.xText(o.x[i])));
  for(const l of o.lines.filter(l=>!l.dash).map(l=>[l.y[i],l]).sort((a,b)=>b[0]-a[0]).slice(0,10)){const row=el("div",`${l[1].label}: ${o.yText(l[0],1)}`);row.style.color=l[1].color;tip.append(row)}
  tip.style.display="block";const at=X(o.x[i])*r.width/W;tip.style.left=(at>r.width/2?Math.max(0,at-tip.offsetWidth-10):at+10)+"px"});
 g.addEventListener("pointerleave",()=>{tip.style.display="none";cross.setAttribute("visibility","hidden")});
 return box}
// One bar each. o: bars [{label,value,mark,text,color}]
function barChart(o){const box=el("div",undefined,"chart");const W=Math.max(300,o.width),row=22,L=Math.min(150,W*.36),R=64,T=24;
 const H=T+row*o.bars.length+8,max=Math.max(1e-9,...o.bars.map(b=>Math.max(b.value+(b.half||0),b.mark||0)));
 const g=svg(box,"svg",{viewBox:`0 0 ${W} ${H}`,role:"img","aria-label":o.title});svg(g,"text",{x:0,y:14},o.label);
 o.bars.forEach((b,i)=>{const y=T+i*row,w=(W-L-R)*b.value/max;const name=b.label.length>L/7.2?b.label.slice(0,Math.floor(L/7.2)-1)+"…":b.label;
  svg(g,"text",{x:L-6,y:y+14,"text-anchor":"end"},name);const r=svg(g,"rect",{x:L,y:y+3,width:Math.max(1,w),height:row-7,fill:b.color,rx:2});svg(r,"title",{},`${b.label}: ${b.text}`);
  if(b.half){const a=L+(W-L-R)*Math.max(0,b.value-b.half)/max,z=L+(W-L-R)*(b.value+b.half)/max;svg(g,"line",{x1:a,x2:z,y1:y+row/2-1,y2:y+row/2-1,stroke:"var(--fg)","stroke-width":2})}
  if(b.mark!==undefined){const x=L+(W-L-R)*b.mark/max;svg(g,"line",{x1:x,x2:x,y1:y,y2:y+row-2,stroke:"var(--fg)","stroke-width":2})}
  svg(g,"text",{x:L+Math.max(w,b.mark!==undefined?(W-L-R)*b.mark/max:0,b.half?(W-L-R)*(b.value+b.half)/max:0)+6,y:y+14},b.text)});return box}
function section(title,note){const s=el("section");s.append(el("h2",title));if(note)s.append(el("p",note));page.append(s);return s}
function table(head,rows,pick){const wrap=el("div",undefined,"scroll"),t=el("table"),h=el("tr");for(const c of head)h.append(el("th",c));
 const thead=el("thead");thead.append(h);const body=el("tbody");rows.forEach((r,i)=>{const tr=el("tr");if(pick&&i===run)tr.className="on";for(const c of r)tr.append(el("td",c));if(pick)tr.onclick=()=>{run=i;draw()};body.append(tr)});t.append(thead,body);wrap.append(t);return wrap}
function tile(question,answer,detail){const d=el("div",undefined,"tile");d.append(el("i",question),el("b",answer),el("span",detail));return d}
function widthOf(parts){const w=Math.min(1208,document.documentElement.clientWidth-32);return w<1080||parts<2?w:(w-24)/2}
function drawReplay(){const r=D.runs[run],w=widthOf(2);
 page.append(el("p",`${num(r.jobs)} jobs on ${num(r.nodes)} nodes with ${num(r.gpus)} GPUs, order ${r.label}, seed ${r.seed}`));
 const worst=[...r.queues].sort((a,b)=>b.mean-a.mean)[0],tiles=el("div",undefined,"tiles");
 tiles.append(tile("Is it fair?",pct(r.unfair,2),`of the GPUs off from what each queue should have, on average. Jain's index ${r.jain.toFixed(3)}`),
  tile("Is it full?",pct(r.util),`of GPU time in use over ${time(r.makespan)}`),
  tile("Who waits?",time(r.mean),`on average; 99 % at most ${time(r.p99)}, longest ${time(r.max)}. ${num(r.waited)} jobs waited`+(worst?`; most: ${worst.name}, ${time(worst.mean)}`:"")),
  tile("What was lost?",num(r.evictions),`pods evicted, ${time(r.lost)} of GPU time`+(r.tooLarge?`; ${num(r.tooLarge)} jobs larger than the cluster`:"")+(r.unfinished?`; ${num(r.unfinished)} unfinished`:"")));
 page.append(tiles);
 if(D.runs.length>1){const s=section("Runs","Choose one to see it below.");s.append(table(["order","nodes","seed","mean wait","p50","p90","p99","longest","in use","off","evicted"],D.runs.map(x=>[x.label,num(x.nodes),x.seed,time(x.mean),time(x.p50),time(x.p90),time(x.p99),time(x.max),pct(x.util),pct(x.unfair,2),num(x.evictions)]),true));
  const bars=el("div",undefined,"grid");bars.append(barChart({title:"Mean wait",label:"mean wait",width:w,bars:D.runs.map((x,i)=>({label:x.label,value:x.mean,text:time(x.mean),color:color(i)}))}));s.append(bars)}
 if(D.points.length){const s=section("Points of the sweep","Mean over seeds; the line is the 95 % confidence interval."),g=el("div",undefined,"grid");s.append(g);
  g.append(barChart({title:"Mean wait by point",label:"mean wait",width:w,bars:D.points.map((p,i)=>({label:p.label,value:p.wait,half:p.half,text:time(p.wait),color:color(i)}))}),
   barChart({title:"GPUs in use by point",label:"GPUs in use",width:w,bars:D.points.map((p,i)=>({label:p.label,value:p.util,half:p.utilHalf,text:pct(p.util),color:color(i)}))}))}
 const s=section("Over time"),key=el("div",undefined,"key");
 r.queues.forEach((q,i)=>{const b=el("button",undefined,off.has(i)?"off":"");const dot=el("em");dot.style.background=color(i);b.append(dot,q.name);b.onclick=()=>{off.has(i)?off.delete(i):off.add(i);draw()};key.append(b)});
 const on=r.queues.map((q,i)=>i).filter(i=>!off.has(i)),x=r.t,axis={x,xText:v=>time(v),xSteps:TIME,xLabel:"time since the begin",width:w};
 s.append(key);const g=el("div",undefined,"grid");s.append(g);
 g.append(lineChart({...axis,title:"GPUs in use",yLabel:"GPUs in use, %",max:1,yText:(v,d)=>(100*v).toFixed(d||0),lines:[{label:"in use",color:color(0),y:r.u,fill:1}]}),
  lineChart({...axis,title:"Jobs that wait",yLabel:"jobs that wait",yText:v=>num(v),lines:[{label:"waiting",color:color(1),y:r.depth,fill:1}]}),
  lineChart({...axis,title:"Share of each queue",yLabel:"share of the GPUs, % (dashed: entitlement)",yText:(v,d)=>(100*v).toFixed(d?1:0),lines:on.flatMap(i=>[{label:r.queues[i].name,color:color(i),y:r.share[i]},...(on.length<=3?[{label:"",color:color(i),y:r.entitled[i],dash:"4 4"}]:[])])}),
  barChart({title:"Share against entitlement",label:"mean share of the GPUs (mark: entitlement)",width:w,bars:on.map(i=>({label:r.queues[i].name,value:r.queues[i].share,mark:r.queues[i].entitled,text:pct(r.queues[i].share),color:color(i)}))}));
 const q=section("Waits"),h=el("div",undefined,"grid");q.append(h);
 h.append(barChart({title:"How long jobs waited",label:"jobs by wait",width:w,bars:r.hist.map((n,i)=>({label:i===0?"none":i===1?"1 s":`${time(2**(i-1))} – ${time(2**i)}`,value:n,text:num(n),color:color(2)}))}),
  barChart({title:"Mean wait by queue",label:"mean wait by queue",width:w,bars:on.map(i=>({label:r.queues[i].name,value:r.queues[i].mean,text:time(r.queues[i].mean),color:color(i)}))}));
 q.append(table(["queue","jobs","mean wait","p50","p90","p99","longest","share","entitled"],r.queues.map(x=>[x.name,num(x.jobs),time(x.mean),time(x.p50),time(x.p90),time(x.p99),time(x.max),pct(x.share),pct(x.entitled)])))}
function drawSaturation(){const w=widthOf(2),best=[...D.runs].sort((a,b)=>b.alloc100-a.alloc100)[0],tiles=el("div",undefined,"tiles");
 page.append(el("p","Pods come one by one and none ends."));
 if(best)tiles.append(tile("Which fills it best?",best.label,`${best.alloc100.toFixed(2)} % of the GPUs in use when 100 % were asked for`),tile("How far apart?",(best.alloc100-Math.min(...D.runs.map(r=>r.alloc100))).toFixed(2)+" points","between the best and the worst"),tile("What is lost?",best.frag100.toFixed(2)+" %","of the GPUs are fragments at 100 %, with the best"));
 page.append(tiles);
 section("Policies").append(table(["policy","seeds","at 100 %","sd","at 130 %","fragments at 100 %"],D.runs.map(r=>[r.label,r.seeds,r.alloc100.toFixed(2),r.sd.toFixed(2),r.alloc130.toFixed(2),r.frag100.toFixed(2)])));
 const s=section("As it fills up"),key=el("div",undefined,"key");D.runs.forEach((r,i)=>{const b=el("button",undefined,off.has(i)?"off":"");const dot=el("em");dot.style.background=color(i);b.append(dot,r.label);b.onclick=()=>{off.has(i)?off.delete(i):off.add(i);draw()};key.append(b)});
 const on=D.runs.map((r,i)=>i).filter(i=>!off.has(i)),x=D.runs.length?D.runs[0].alloc.map((v,i)=>i):[0],axis={x,xText:v=>num(v)+" %",xLabel:"GPUs asked for, % of all",width:w};
 const g=el("div",undefined,"grid");s.append(key,g);
 g.append(lineChart({...axis,title:"GPUs in use",yLabel:"GPUs in use, %",yText:(v,d)=>v.toFixed(d?2:0),max:100,lines:on.map(i=>({label:D.runs[i].label,color:color(i),y:D.runs[i].alloc}))}),
  lineChart({...axis,title:"Fragments",yLabel:"fragments, % of the GPUs",yText:(v,d)=>v.toFixed(d?2:0),lines:on.map(i=>({label:D.runs[i].label,color:color(i),y:D.runs[i].frag}))}))}
function draw(){page.replaceChildren(el("h1",D.name));
 if(D.interrupted)page.append(el("p","Interrupted: the figures are of what ran until then."));
 if(D.badRows)page.append(el("p",`${num(D.badRows)} bad rows of the trace were left out.`));
 if(!D.runs.length){page.append(el("p","Nothing ran."));return}
 D.mode==="replay"?drawReplay():drawSaturation()}
let wide=0;addEventListener("resize",()=>{if(innerWidth!==wide){wide=innerWidth;draw()}});dark.addEventListener("change",draw);draw();
</script></body></html>
)html";

}  // namespace

std::string_view ReportHead() { return kHead; }
std::string_view ReportTail() { return kTail; }

}  // namespace fairlead::sim
