"""Sentences that the warehouse, intake and the mail transport keep in Chinese, as patterns for other languages.

They are written once, into the mart and the ledgers, and read by people's own tools: so they are stored in the
source language, and whoever shows them says ``Language.stored``. Belongs here: every such sentence, with its
changing parts as ``%(name)s``. Does not: sentences said while a page or a letter is made. A test holds this list
against the SQL files and modules that write them.
"""

from __future__ import annotations

from config.language import N_

NOTES = (  # score_attainment.sql, score_linear.sql
    N_("目标值原文缺失，不计算"), N_("里程碑：%(done)s/%(of)s已完成"), N_("里程碑：%(state)s"), N_("里程碑"),
    N_("没有填报单位"), N_("未报送"), N_("分母为0，比率无法计算"), N_("缺分子分母，不能汇总"), N_("零报告，无数值"),
    N_("零报告按0计"), N_("部分单位未报（%(n)s/%(of)s），合计不完整，不评灯"), N_("部分单位未报（%(n)s/%(of)s）"),
    N_("%(n)s/%(of)s达标"), N_("目标约束各单位，逐个评价"), N_("缺基期"), N_("基期值不为正，降幅无法计算"),
    N_("目标值等于基期值，进度无法计算"), N_("基期值已达目标值，进度无法计算"), N_("基期为后补"),
    N_("基期已修订，原为%(value)s"), N_("目标值不为正，完成率无法计算"), N_("高于区间上限，视为达标"),
    N_("年度未完，暂不判定"), N_("年度累计，与全年目标比，按往年季节比重"), N_("年度累计，与全年目标比"),
    N_("数据不足%(n)s期，不作预测"), N_("全市总体目标"), N_("年度累计，年度未完"), N_("进度无法计算"), N_("合计不完整"),
    N_("目标值原文缺失"), N_("不属于任何单位"),
)  # fmt: skip
REASONS = (  # why a revision, a verdict or a restatement
    # Before those that begin with any name: a remark may read like the end of one of them.
    N_("重述：%(remark)s"), N_("统筹退回：%(remark)s"),
    N_("%(name)s：%(period)s 首报"), N_("%(name)s：%(period)s 更正"), N_("%(name)s：%(period)s 重述：%(remark)s"),
    N_("%(name)s：首报"), N_("%(name)s：更正"), N_("%(name)s：重述：更正"), N_("%(name)s：重述：%(remark)s"),
    N_("%(name)s：统筹退回：%(remark)s"), N_("首报"), N_("更正"), N_("重述：更正"),
    N_("统筹退回，%(remark)s"), N_("后报材料已更新全部数据"), N_("目标或基期修订：%(reason)s"), N_("重新测算"),
    N_("配置变更"), N_("已接收，有需要说明的数据"), N_("全部通过校验"), N_("报告期已关闭，文件已存档，待统筹决定"),
    N_("文件不在任何单位的投递文件夹中"), N_("按现行规则复核：已接收，有需要说明的数据"), N_("按现行规则复核：全部通过校验"),
)  # fmt: skip
HELD = (  # details of a file that was not read
    N_("压缩成员相互重叠"), N_("压缩包不完整"), N_("压缩包目录不完整"), N_("成员%(n)s个"), N_("压缩包目录损坏"),
    N_("压缩包目录长度不符"), N_("压缩成员加密"), N_("成员路径不合法"), N_("成员重名"), N_("压缩方法不支持"), N_("成员头损坏"),
    N_("成员名前后不符"), N_("成员不完整"), N_("压缩数据损坏"), N_("压缩数据不完整"), N_("展开后过大"), N_("成员大小与声明不符"),
    N_("成员校验和不符"), N_("XML编码不支持"), N_("外部链接"), N_("单元格过多"), N_("共享字符串过大"), N_("第%(n)s行"), N_("%(n)s行"),
    N_("%(n)s列"), N_("区域过大"), N_("重复行过多"), N_("链接或设备"), N_("不能打开（%(error)s）"), N_("不是普通文件"), N_("硬链接"),
    N_("0字节"), N_("%(size)sMB，上限%(limit)sMB"), N_("读取出错（%(error)s）"), N_("读取时仍在增长"), N_("读取时文件仍在变化"),
    N_("工作簿结构损坏"), N_("找不到工作表"), N_("Excel 95或更早的格式"), N_("单元格没有地址"), N_("XML损坏"), N_("程序"),
    N_("图片"), N_("压缩包"), N_("脚本"), N_("宏"), N_("不是表格"), N_("内存不足"), N_("读取进程未能启动"), N_("读取结果过大"),
    N_("读取超时"), N_("读取进程中止"), N_("不是文本"), N_("网页或XML"), N_("CSV格式错误"), N_("表尾之后还有内容"), N_("空"),
)  # fmt: skip
MAIL = (  # why a mail did not leave
    N_("邮件服务器不接受登录：%(text)s"), N_("邮件用户名或密码含有非 ASCII 字符，无法登录"), N_("邮件服务器的证书不可信：%(text)s"),
    N_("连不上邮件服务器：%(text)s"), N_("邮件服务器不接受发件地址：%(text)s"), N_("正文交出后连接中断，不知是否送达：%(text)s"),
    N_("邮件本身无法发送：%(text)s"), N_("与邮件服务器的连接中断：%(text)s"), N_("邮件服务器要求登录：%(text)s"),
    N_("邮件服务器存不下邮件：%(text)s"), N_("邮件服务器暂不接受：%(text)s"), N_("邮件服务器拒收：%(text)s"),
    N_("邮件服务器 %(n)s 秒内没有完成，正文已交出，不知是否送达"), N_("邮件服务器 %(n)s 秒内没有完成，正文未交出"), N_("已发出"),
    N_("发送时程序中断，不知是否送达"), N_("已尝试 %(n)s 次，均未得到确认，不再重发"), N_("人工重发：%(reason)s"),
)  # fmt: skip
QUALITY = (  # what the data-quality pages say of runs and rules (templates.quality)
    N_("%(n)s次未能执行"), N_("从未用到"), N_("从未查出问题"), N_("本期无适用数据"), N_("收取"), N_("复核"), N_("未校验"), N_("完成"),
    N_("出错"), N_("未结束"), N_("逐行规则"), N_("整份文件规则"),
)  # fmt: skip
PATTERNS = (*QUALITY, *NOTES, *REASONS, *HELD, *MAIL)
